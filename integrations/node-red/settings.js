// Settings for a Node-RED of its own, on this machine alone: npm start
module.exports = {
  flowFile: 'flow.json',
  uiHost: '127.0.0.1',
  uiPort: process.env.PORT || 1880,
  telemetry: { enabled: false, updateNotification: false },
  externalModules: {
    autoInstall: false,
    palette: { allowInstall: false },
    modules: { allowInstall: false },
  },
};
