# SPDX-License-Identifier: LGPL-2.1-or-later
"""runtimeuse sessions on a terminal: a table that fits, and is drawn again in place."""

import os
import re
import signal
import time

import pytest
from harness.processes import PATIENCE, status_field, wait_until
from harness.program import TIMEOUT, Terminal
from harness.screen import Screen

ONE = 'a1' * 16
OTHER = 'b2' * 16
# A prompt and whatever else was there before.
BEFORE = ['$ echo it was there before', '$ runtimeuse']

# The variables by which terminals are known that break lines anew.
KNOWN_BY = {'VTE': {'VTE_VERSION': '7000'}, 'tmux': {'TMUX': '/tmp/tmux-1000/default,1,0'}}


class Watcher(Terminal):
    """`sessions` on a terminal of a size, and what that shows."""

    def __init__(self, bus, *options, columns=100, rows=24, reflows=None, env=None):
        self.screen = Screen(columns, rows, reflows)
        self.screen.feed('\n'.join([*BEFORE, '']))
        super().__init__('sessions', *options, size=(columns, rows),
                         env={**bus.env, **KNOWN_BY.get(reflows, {}), **(env or {})})

    def change_size(self, columns, rows=24):
        """As a terminal does that has shown all there was."""
        self.screen.resize(columns, rows)
        self.resize(columns, rows)

    def shows(self):
        """Return the lines of the table; what was there before is still there."""
        self.screen.follow(self.text)
        text = self.screen.show()
        assert text.startswith('\n'.join(BEFORE))
        return text.split('\n')[len(BEFORE):]

    def wait_for(self, condition):
        deadline = time.monotonic() + TIMEOUT * PATIENCE
        while not condition(self.shows()):
            assert self._read(deadline), f'the end came after {self.shows()}'
        return self.shows()

    def wait_for_words(self, *words):
        return self.wait_for(lambda lines: all(word in '\n'.join(lines) for word in words))


def busy(**properties):
    now = time.time_ns() // 1000
    return {'State': 'busy', 'Phase': 'agent', 'Agent': 'openai', 'Command': 'make -j4',
            'Peer': '127.0.0.1:50312', 'ConnectedAt': now - 10_000_000,
            'RequestStartedAt': now - 30 * 3_600_000_000, 'OutputBytes': 12_300_000, **properties}


# Without --watch

def test_list(bus, service):
    """Lines are cut to the width, and ids to what tells them from others."""
    service.add(ONE, **busy(Command='make ' + 'x' * 200))
    service.add('a1' * 5 + '0' * 22)
    with Watcher(bus, columns=120) as terminal:
        lines = terminal.read_all().splitlines()
        assert terminal.wait() == 0
    assert [line.split()[0] for line in lines] == ['SESSION', 'a1a1a1a1a10', 'a1a1a1a1a1a']
    assert 'CLIENT' in lines[0]
    assert len(lines[2]) == 120 and lines[2].endswith('xxx…')


@pytest.mark.parametrize('columns, titles', [
    (120, 'SESSION STATE PHASE TIME DONE FAILED OUTPUT AGENT CLIENT DOING'),
    (100, 'SESSION STATE PHASE TIME DONE FAILED OUTPUT AGENT DOING'),
    (80, 'SESSION STATE PHASE TIME DONE OUTPUT DOING'),
    (75, 'SESSION STATE PHASE TIME OUTPUT DOING'), (65, 'SESSION STATE PHASE TIME DOING'),
    (40, 'SESSION STATE DOING'), (25, 'SESSION STATE DO…'), (10, 'SESSION …'), (1, '…')])
def test_narrow(bus, service, columns, titles):
    """Of a narrow terminal the most important is made."""
    service.add(ONE, **busy(Command='make ' + 'x' * 100))
    with Watcher(bus, columns=columns) as terminal:
        lines = terminal.read_all().splitlines()
    assert lines[0].split() == titles.split()
    assert all(len(line) <= columns for line in lines)


@pytest.mark.parametrize('columns, last', [
    (97, 'CLIENT'), (96, 'AGENT'), (80, 'AGENT'), (79, 'OUTPUT'), (58, 'OUTPUT'), (57, 'TIME'),
    (48, 'TIME'), (47, 'PHASE'), (40, 'PHASE'), (39, 'STATE')])
def test_nothing_goes_that_has_room(bus, service, columns, last):
    """As long as all of the last column is there."""
    service.add(ONE, **busy())
    with Watcher(bus, columns=columns) as terminal:
        titles, line = terminal.read_all().splitlines()
    assert titles.split()[-2:] == [last, 'DOING'] and line.endswith('make -j4')


def test_as_many_columns_while_it_watches(bus, service):
    service.add(ONE, **busy())
    with Watcher(bus, '--watch', columns=60) as terminal:
        assert 'TIME' in terminal.wait_for_words('make -j4')[0]


def test_columns_that_went_stay_away(bus, service):
    """Until the width changes, so that the table does not move with each command."""
    service.add(ONE, **busy())
    with Watcher(bus, '--watch', columns=50) as terminal:
        assert 'TIME' in terminal.wait_for_words('make -j4')[0]
        service.change(ONE, Command='x' * 40)
        assert 'TIME' not in terminal.wait_for_words('x' * 20)[0]
        service.change(ONE, Command='make -j5')
        assert 'TIME' not in terminal.wait_for_words('make -j5')[0]


def test_wide_characters(bus, service):
    """They take two places, and those that are put on others none."""
    service.add(ONE, **busy(Command='漢字' * 40, Agent='é' * 3 + 'e\u0301' * 3))
    service.add(OTHER, **busy(Command='x' * 200, Agent='é' * 6))
    with Watcher(bus, columns=100) as terminal:
        one, other = terminal.read_all().splitlines()[1:]
    assert one.index('漢') - 3 == other.index('x') and one.endswith('漢…')
    wide = one.count('漢') + one.count('字')
    assert other.index('x') + 2 * wide + len('…') in (99, 100)


def test_nothing_to_list(bus, service):
    with Watcher(bus) as terminal:
        assert terminal.read_all() == 'No sessions\n'


# With --watch

def test_watch(bus, service):
    with Watcher(bus, '--watch') as terminal:
        assert terminal.wait_for_words('No sessions')[0].startswith('SESSION ')
        service.add(ONE, **busy())
        lines = terminal.wait_for_words('make -j4')
        assert len(lines) == 2 and re.split(' +', lines[1]) == [
            'a1a1a1a1', 'busy', 'agent', '1d06h', '0', '0', '12.3\u00a0MB', 'openai',
            '127.0.0.1:50312', 'make', '-j4']
        service.add(OTHER)
        service.change(ONE, Command='sh\x1b[2J -c\n\u202ex')
        lines = terminal.wait_for_words('b2b2b2b2', 'sh?[2J -c ?x')
        assert len(lines) == 3 and 'make' not in lines[1]
        service.remove(ONE)
        lines = terminal.wait_for(lambda lines: len(lines) == 2)
        assert lines[1].startswith('b2b2b2b2  idle')
        service.stop()
        lines = terminal.wait_for_words('No service')
        assert len(lines) == 2 and lines[1] == 'No service is running; waiting for one'


def test_only_changes_are_written(bus, service):
    service.add(ONE, **busy(RequestStartedAt=0))
    service.add(OTHER)
    with Watcher(bus, '--watch') as terminal:
        terminal.wait_for_words('b2b2b2b2')
        before = len(terminal.text)
        service.change(ONE, Command='another')
        terminal.wait_for_words('another')
        service.change(ONE, SourceId='not shown')
        service.change(ONE, Command='the last')
        terminal.wait_for_words('the last')
        new = terminal.text[before:]
        assert 'SESSION' not in new and 'b2b2b2b2' not in new and new.count('a1a1a1a1') == 2


def test_time_goes_on(bus, service):
    """Also when nobody tells anything."""
    service.add(ONE, **busy(RequestStartedAt=time.time_ns() // 1000))
    def shown(lines):
        found = re.search(r' (\d+)s ', '\n'.join(lines))
        return int(found[1]) if found else -1
    with Watcher(bus, '--watch') as terminal:
        before = -1
        for _ in range(3):
            before = shown(terminal.wait_for(lambda lines, before=before: shown(lines) > before))


def test_many_changes_are_drawn_at_once(bus, service):
    service.add(ONE, **busy(RequestStartedAt=0))
    with Watcher(bus, '--watch') as terminal:
        terminal.wait_for_words('make')
        before, started = len(terminal.text), time.monotonic()
        service.tell('flood', ONE, 'Command', 'number ', 1000)
        terminal.wait_for_words('number 999')
        frames = terminal.text[before:].count('a1a1a1a1')
        assert frames <= 2 + (time.monotonic() - started) / 0.1


@pytest.mark.parametrize('reflows', [None, 'VTE', 'tmux'], ids=['xterm', 'VTE', 'tmux'])
def test_size(bus, service, reflows):
    """The table follows, and what was there before is left alone."""
    service.add(ONE, **busy())
    service.add(OTHER, **busy(Command='x' * 200))
    with Watcher(bus, '--watch', reflows=reflows) as terminal:
        terminal.wait_for_words('b2b2b2b2')
        for columns in (120, 60, 130, 40, 100, 60, 30, 150):
            terminal.change_size(columns)
            lines = terminal.wait_for(
                lambda lines, last=columns - 1: max(map(len, lines)) == last
                and lines[-1].endswith('x…'))
            assert len(lines) == 3
            assert terminal.screen.show().count('SESSION') == 1


def test_more_than_there_is_room(bus, service):
    """Those at work come first, and the rest is counted."""
    for number in range(20):
        service.add(f'{number:02}' * 16, ConnectedAt=number + 1)
    service.add(ONE, **busy())
    with Watcher(bus, '--watch', rows=12) as terminal:
        lines = terminal.wait_for_words('more')
        assert len(lines) == 11 and lines[1].startswith('a1a1a1a1')
        assert lines[2].startswith('00000000') and lines[-1] == 'and 12 more'
        terminal.change_size(100, 16)
        lines = terminal.wait_for_words('and 8 more')
        assert len(lines) == 15
        for number in range(19):
            service.remove(f'{number:02}' * 16)
        lines = terminal.wait_for(lambda lines: len(lines) == 3)
        assert lines[1].startswith('19191919')
        terminal.change_size(100, 3)
        lines = terminal.wait_for_words('and 2 more')
        assert lines[-2].startswith('SESSION')


@pytest.mark.parametrize('number, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_end(bus, service, number, status):
    """The table stays, and the next prompt begins on a line of its own."""
    service.add(ONE, **busy())
    with Watcher(bus, '--watch') as terminal:
        terminal.wait_for_words('make')
        if number == signal.SIGINT:
            terminal.press(b'\x03')
        else:
            terminal.signal(number)
        terminal.read_all()
        assert terminal.wait() == status
        lines = terminal.shows()
        assert len(lines) == 2 and lines[1].startswith('a1a1a1a1')
        assert terminal.screen.column == 0 and terminal.screen.lines[-1] == ''
        assert '\033[?' not in terminal.text


def test_stopped_and_continued(bus, service):
    """Others have written to the terminal meanwhile, so it goes on below."""
    service.add(ONE, **busy())
    with Watcher(bus, '--watch') as terminal:
        terminal.wait_for_words('make')
        terminal.signal(signal.SIGSTOP)
        wait_until(lambda: status_field(terminal.pid, 'State').startswith('T'), 'the stop')
        terminal.wait_for(lambda lines: terminal.screen.column == 0)
        terminal.screen.feed('[1]+ Stopped\n$ fg\n')
        service.change(ONE, Command='another')
        terminal.signal(signal.SIGCONT)
        lines = terminal.wait_for_words('another')
        assert lines[2:4] == ['[1]+ Stopped', '$ fg'] and 'make -j4' in lines[1]
        assert len(lines) == 6 and lines[4].startswith('SESSION')


def test_terminal_that_is_gone(bus, service):
    with Watcher(bus, '--watch') as terminal:
        terminal.wait_for_words('No sessions')
        os.close(terminal.master)
        terminal.master = os.open('/dev/null', os.O_RDONLY)
        assert terminal.wait() in (141, -signal.SIGHUP)


def test_plain_terminal(bus, service):
    """What cannot move its cursor gets a line for each change."""
    with Watcher(bus, '--watch', env={'TERM': 'dumb'}) as terminal:
        terminal.expect('service  running\n')
        service.add(ONE)
        terminal.expect(f'added    {ONE}  idle')
        assert '\033' not in terminal.text


def test_without_style(bus, service):
    with Watcher(bus, '--watch', env={'NO_COLOR': '1'}) as terminal:
        terminal.wait_for_words('No sessions')
        assert '\033[1m' not in terminal.text
    with Watcher(bus, '--watch') as terminal:
        terminal.expect('\033[1mSESSION')


def test_json_on_a_terminal(bus, service):
    with Watcher(bus, '--watch', '--json') as terminal:
        terminal.expect('{"event":"service","running":true}\n')
        service.add(ONE, Command='\x1b[31m\u202e')
        terminal.expect('"command":"\\u001b[31m\\u202e"')
        assert '\033' not in terminal.text
