# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers with the agent "claude", which is the published program."""

import os
import subprocess
from pathlib import Path

from . import processes
from .anthropic_mock import AnthropicMock
from .host import NODE_MODULES
from .server import Server

VERSIONS = {
    '2.1.197': '@anthropic-ai/claude-code-linux-*/claude',
    '2.1.328': 'claude-code-newest/node_modules/@anthropic-ai/claude-code-linux-*/claude',
}
KEY = 'sk-ant-test-0123456789abcdef'


def find_claude(version):
    found = [path for path in sorted(NODE_MODULES.glob(VERSIONS[version]))
             if 'musl' not in path.parent.name]
    assert found, f'{NODE_MODULES} has no claude {version}: ./dev test installs it'
    return found[0]


def make_home(folder, version, key=KEY):
    """Return variables for a user who has nothing but this program."""
    for name in ('bin', 'home', 'claude-tmp'):
        (folder / name).mkdir(parents=True)
    (folder / 'bin' / 'claude').symlink_to(find_claude(version))
    return {'PATH': f'{folder / "bin"}:{os.environ["PATH"]}', 'HOME': str(folder / 'home'),
            'CLAUDE_CODE_TMPDIR': str(folder / 'claude-tmp'), 'ANTHROPIC_API_KEY': key,
            'IS_SANDBOX': '1'}


def remove_leavings(server):
    """The program leaves folders of its own beside the temporary files of the server."""
    for path in server.temporary.iterdir():
        if path.name.startswith(('claude-', 'cc-', '.claude')):
            subprocess.run(['rm', '-rf', str(path)], check=True)


class ClaudeServer(Server):
    """A server with that agent, which keeps its temporary files where they are looked for."""

    def __init__(self, folder, version, *arguments, env=None, **options):
        self.mock = AnthropicMock()
        self.version = version
        variables = {**make_home(folder, version), 'ANTHROPIC_BASE_URL': self.mock.url,
                     **(env or {})}
        self.home = Path(variables['HOME'])
        try:
            super().__init__(folder / 'server', *arguments, agent='claude', env=variables,
                             **options)
        except BaseException:
            self.mock.close()
            raise

    def stop(self):
        try:
            remove_leavings(self)
            super().stop()
        finally:
            self.mock.close()

    def working(self):
        """Return the processes of commands and agents."""
        return [pid for pid in processes.descendants(self.pid) if pid not in self.stubs()]
