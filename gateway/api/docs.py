"""`/openapi.json`, `/docs` and `/problems`: the API described to programs and people.

The page's assets come from a package, never from a foreign host.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

from gateway.api import problems
from gateway.api.bodies import JSON
from gateway.api.description import TITLE
from gateway.api.replies import reply
from gateway.domain.errors import NotFound

# Addresses are relative, so that the page works behind any path.
_PAGE: Final = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{TITLE}</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START: Final = """\
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""
# The page styles its elements in place; scripts are only those served here.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ASSETS: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}


class Documentation:
    """The API, described.

    Args:
        description: Returns the OpenAPI document; called when first asked for.
    """

    def __init__(self, description: Callable[[], dict[str, Any]]) -> None:
        self._document = cache(lambda: dumped(description()))

    async def openapi(self) -> Response:
        """Return the document, in OpenAPI 3.1."""
        return Response(self._document(), media_type=JSON)

    async def page(self) -> Response:
        """Return the page for people."""
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})

    async def asset(self, name: str) -> Response:
        """Return a part of the page."""
        if name == "start.js":
            return Response(_START, media_type="text/javascript")
        if name not in ASSETS:
            message = "The docs page has no such part."
            raise NotFound(message)
        headers = {"Cache-Control": "max-age=86400"}
        return FileResponse(_folder() / name, 200, headers, ASSETS[name])

    async def problem(self, name: str) -> Response:
        """Return what a problem's `type` stands for."""
        for cls, entry in problems.TABLE.items():
            if problems.slug(cls.code) == name:
                shown = {"code": cls.code, "status": entry.status, "title": entry.title}
                return reply({**shown, "meaning": problems.meaning(cls)})
        message = "There is no such problem."
        raise NotFound(message)


def router(description: Callable[[], dict[str, Any]]) -> APIRouter:
    """Return the routes of the documentation."""
    documentation = Documentation(description)
    routes = APIRouter(include_in_schema=False)
    routes.add_api_route("/openapi.json", documentation.openapi)
    routes.add_api_route("/docs", documentation.page)
    routes.add_api_route("/docs/{name}", documentation.asset)
    routes.add_api_route("/problems/{name}", documentation.problem)
    return routes


def dumped(document: Mapping[str, Any]) -> bytes:
    """Return a JSON document in UTF-8, on one line."""
    return json.dumps(document, ensure_ascii=False).encode()


@cache
def _folder() -> Path:
    # The package's own module would build an application; only its files are wanted.
    found = find_spec("fastapi_swagger")
    if found is None or found.origin is None:
        message = "the package fastapi-swagger, with the docs page's assets, is missing"
        raise RuntimeError(message)
    return Path(found.origin).with_name("resources")
