// SPDX-License-Identifier: LGPL-2.1-or-later
// The echo handler as a CommonJS module that is the handler.

module.exports = require('./echo-handler.js').handler;
