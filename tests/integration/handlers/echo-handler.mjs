// SPDX-License-Identifier: LGPL-2.1-or-later
// The echo handler as an ES module with a default export.

import { handler } from './echo-handler.js';

export default handler;
