# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the variables of whoever runs the tests may say to what they start: nothing."""

import os
import re

# Our own settings, the language, the desktop, the service manager, and the terminal.
FOREIGN = re.compile(
    'RUNTIMEUSE_(?!LIBEXECDIR$|PROGRAM$|TEST_)|LANG$|LANGUAGE$|LC_|DBUS_|XDG_RUNTIME_DIR$|'
    'NOTIFY_SOCKET$|LISTEN_|WATCHDOG_|INVOCATION_ID$|JOURNAL_STREAM$|COLUMNS$|LINES$|NO_COLOR$|'
    'VTE_VERSION$|TMUX|KITTY_|KONSOLE_|ALACRITTY_|WEZTERM_|GHOSTTY_|WT_SESSION$')


def forget():
    for name in [name for name in os.environ if FOREIGN.match(name)]:
        del os.environ[name]
    os.environ['LANG'] = 'C.UTF-8'
