# SPDX-License-Identifier: LGPL-2.1-or-later
"""Handlers in files of their own answer the published client as the built-in agent does."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest
from harness import processes, websocket
from harness.host import HANDLERS, find_in_packages
from harness.messages import CANCEL, CANCELLED, commands, invocation, text_of
from harness.processes import PATIENCE, SANITIZED, wait_until
from harness.server import Server
from runtimeuse_client import (AgentRuntimeError, CancelledException, CommandInterface,
                               QueryOptions, RuntimeUseClient)

TIMEOUT = 20
AT_ONCE = 50

# What is first in PATH decides which program loads JavaScript.
NODE_22 = 'node-linux-*/bin/node'
BUN = '@oven/bun-linux-*/bin/bun'

KINDS = {
    'node': ('echo-handler.js', None),
    'node-module': ('echo-handler.mjs', None),
    'node-commonjs': ('echo-handler.cjs', None),
    'node-typescript': ('echo-handler.ts', NODE_22),
    'bun': ('echo-handler.js', BUN),
    'bun-typescript': ('echo-handler.ts', BUN),
    'python': ('echo_handler.py', None),
    'python-async': ('echo_handler_async.py', None),
    'executable': ('echo-handler', None),
}


def path_with(pattern):
    """Return a PATH that finds this program first, and no other bun."""
    folders = [folder for folder in os.environ['PATH'].split(':')
               if not os.path.exists(f'{folder}/bun')]
    if pattern:
        folders.insert(0, str(Path(find_in_packages(pattern)).parent))
    return ':'.join(folders)


def run(call):
    async def with_deadline():
        async with asyncio.timeout(3 * TIMEOUT * PATIENCE):
            return await call

    return asyncio.run(with_deadline())


def options(**members):
    return QueryOptions(**{'system_prompt': 'You are a test.', 'model': 'echo',
                           'timeout': TIMEOUT * PATIENCE, **members})


def query(server, prompt, **members):
    return run(RuntimeUseClient(server.url).query(prompt, options(**members)))


def hosts(server):
    """Return the processes of hosts: what stubs have started."""
    return [pid for stub in server.stubs() for pid in processes.children(stub)]


@pytest.fixture(scope='module', params=KINDS)
def server(request, tmp_path_factory):
    name, pattern = KINDS[request.param]
    server = Server(tmp_path_factory.mktemp(request.param), '--handler', str(HANDLERS / name),
                    '--limit', 'kill-grace=500', agent=None, env={'PATH': path_with(pattern)})
    server.kind = request.param
    yield server
    server.stop()


@pytest.fixture
def served(server):
    """The same, and nothing but hosts may be there after a case."""
    yield server
    wait_until(lambda: not [pid for host in hosts(server) for pid in processes.children(host)],
               'a process of a handler is left')
    server.check_log()


def test_text(served):
    result = query(served, 'ECHO:ä ✓ 😀 "quoted" \\ \t\n \u2028')
    assert result.data.text == 'ä ✓ 😀 "quoted" \\ \t\n \u2028'
    assert result.metadata == {}


def test_prompt_comes_back(served):
    assert query(served, 'anything else').data.text == 'anything else'


def test_structured_output(served):
    result = query(served, 'STRUCTURED:{"answer": 42, "list": [1.5, null, "x"]}',
                   output_format_json_schema_str=json.dumps({'type': 'object'}))
    assert result.data.structured_output == {'answer': 42, 'list': [1.5, None, 'x']}


def test_streaming(served):
    blocks = []

    async def on_assistant(message):
        blocks.extend(message.text_blocks)

    assert query(served, 'STREAM:500',
                 on_assistant_message=on_assistant).data.text == 'streamed 500 messages'
    assert blocks == [f'message {i} of 500' for i in range(1, 501)]


def test_error_is_the_only_terminal(served):
    async def calls():
        client = RuntimeUseClient(served.url)
        async with client.session() as session:
            with pytest.raises(AgentRuntimeError, match='something broke') as error:
                await session.query('ERROR:something broke', options())
            assert error.value.metadata == {'source': 'echo_handler'}
            return await session.query('ECHO:next', options())

    assert run(calls()).data.text == 'next'


def test_secrets(served):
    result = query(served, 'ECHO:the word is s3cr3t', secrets_to_redact=['s3cr3t'])
    assert result.data.text == 'the word is [REDACTED]'


def test_commands_around(served, tmp_path):
    result = query(
        served, 'ECHO:done',
        pre_agent_invocation_commands=[CommandInterface(command=f'echo 1 >>{tmp_path}/seen')],
        post_agent_invocation_commands=[CommandInterface(command=f'echo 2 >>{tmp_path}/seen')])
    assert result.data.text == 'done'
    assert (tmp_path / 'seen').read_text() == '1\n2\n'


def cancel_then_next(server, prompt):
    async def calls():
        seen = asyncio.Event()

        async def on_assistant(message):
            seen.set()

        async with RuntimeUseClient(server.url).session() as session:
            call = asyncio.create_task(session.query(
                prompt, options(on_assistant_message=on_assistant)))
            await seen.wait()
            session.abort()
            with pytest.raises(CancelledException):
                await call
            return await session.query('ECHO:next', options())

    return run(calls())


def test_cancel_honoured(served):
    assert cancel_then_next(served, 'SAY:WAIT:60000').data.text == 'next'


def test_cancel_ignored(served):
    assert cancel_then_next(served, 'SAY:SLOW:60000').data.text == 'next'


def test_many_at_once(served):
    async def calls():
        return await asyncio.gather(*(
            RuntimeUseClient(served.url).query(f'ECHO:{i}', options()) for i in range(AT_ONCE)))

    assert [result.data.text for result in run(calls())] == [str(i) for i in range(AT_ONCE)]


def test_many_wait_at_once(served):
    """In one process, unless the handler says that it takes one at a time."""
    if served.kind == 'executable':
        expected = range(1, 9)
    else:
        expected = [1]

    async def calls():
        return await asyncio.gather(*(
            RuntimeUseClient(served.url).query('WAIT:200', options()) for _ in range(AT_ONCE)))

    assert len(run(calls())) == AT_ONCE
    assert len(hosts(served)) in expected


def test_crash_and_restart(served):
    with pytest.raises(AgentRuntimeError, match=r'ended by signal 9 \(Killed\)'):
        query(served, 'CRASH')
    assert query(served, 'ECHO:alive').data.text == 'alive'


def test_killed_while_idle(served):
    query(served, 'ECHO:warm')
    killed = hosts(served)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    # One that is being killed may still read what it cannot answer any more. Its first thread can
    # be dead before the one that reads, so only who is gone has read nothing.
    wait_until(lambda: not any(Path(f'/proc/{pid}').exists() for pid in killed), 'a host is left')
    assert query(served, 'ECHO:alive').data.text == 'alive'


def test_lost_client(served):
    """Who hangs up leaves nothing behind."""
    async def calls():
        with pytest.raises(TimeoutError):
            await RuntimeUseClient(served.url).query('WAIT:60000', options(timeout=0.5))

    run(calls())
    assert query(served, 'ECHO:alive').data.text == 'alive'


# Files that cannot be loaded

BAD_FILES = {
    'missing.js': (None, 'does not exist'),
    'plain.txt': ('', 'is not executable'),
    'syntax.js': ('export default {', 'syntax'),
    'nothing.js': ('export const x = 1;', 'must export an AgentHandler'),
    'function.js': ('export default function () {}', 'must export an AgentHandler'),
    'throws.js': ('throw new Error("no luck");', 'no luck'),
    'syntax.py': ('def (', 'syntax'),
    'nothing.py': ('x = 1', 'must export an AgentHandler'),
    'function.py': ('def handler(): pass', 'must export an AgentHandler'),
    'throws.py': ('raise ValueError("no luck")', 'no luck'),
    'garbage': ('#!/bin/sh\necho garbage >&4\nsleep 60\n', 'cannot be used'),
    'leaves': ('#!/bin/sh\necho last words >&2\nexit 3\n', 'last words'),
}


@pytest.mark.parametrize('name', BAD_FILES)
def test_bad_file(name, tmp_path, start_server):
    text, words = BAD_FILES[name]
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
        if '.' not in name:
            path.chmod(0o755)

    with pytest.raises(AssertionError, match='did not start') as error:
        start_server('--handler', str(path), agent=None, env={'PATH': path_with(None)})
    assert 'Error: ' in str(error.value)
    assert words.lower() in str(error.value).lower()
    if 'must export' in words:
        assert (f'Error: module at {path} must export an AgentHandler '
                '(as default or named "handler")') in str(error.value)


# A host that misbehaves, and whoever has to do with it

@pytest.fixture
def odd(start_server):
    return start_server('--handler', str(HANDLERS / 'odd-host'), '--limit', 'kill-grace=500',
                        agent=None)


def ask(server, prompt, **members):
    with websocket.connect(server.port) as client:
        return client.ask_one(invocation(prompt, **members))


def start_waiting(server, prompt='WAIT'):
    """Return a client whose invocation runs."""
    client = websocket.connect(server.port)
    client.send(invocation(prompt))
    assert client.receive()['message_type'] == 'assistant_message'
    return client


def test_endless_line(odd):
    """The line is not kept beyond its limit, and its host is gone."""
    ask(odd, 'ECHO:warm')
    before = processes.resident_mib(odd.pid)
    error = ask(odd, 'POUR:200')['error']
    assert 'odd-host: it wrote a line of more than 8388608 bytes to descriptor 4' in error
    assert not hosts(odd)
    if not SANITIZED:
        assert processes.resident_mib(odd.pid, 'VmHWM') - before < 32
    assert text_of(ask(odd, 'ECHO:again')) == 'again'


def test_flood_of_prints(odd):
    ask(odd, 'ECHO:warm')
    before = processes.resident_mib(odd.pid)
    assert text_of(ask(odd, 'FLOOD:8')) == 'printed'
    if not SANITIZED:
        assert processes.resident_mib(odd.pid, 'VmHWM') - before < 16


def test_lines_in_crumbs(odd):
    with websocket.connect(odd.port) as client:
        messages = client.request(invocation('CRUMBLE:200'))
    assert [message['text_blocks'] for message in messages[:-1]] == [['x']] * 200


def test_late_words_have_no_secrets(odd):
    """Nor has the line that is quoted to another client."""
    assert text_of(ask(odd, 'GOSSIP:s3cr3t', secrets_to_redact=['s3cr3t'])) == 'said'
    assert 'garbage: [REDACTED]' in ask(odd, 'GARBLE:s3cr3t')['error']
    assert odd.log.count('late: [REDACTED]') == 3
    assert 'printed: [REDACTED]' in odd.log
    assert 's3cr3t' not in odd.log


def test_many_secrets(odd):
    with websocket.connect(odd.port) as client:
        for i in range(1000):
            client.ask_one(invocation(f'PRINT:secret-number-{i}-',
                                      secrets_to_redact=[f'secret-number-{i}-']))
    wait_until(lambda: odd.log.count('printed: [REDACTED]') == 1000, 'what was printed')
    assert 'secret-number' not in odd.log


def test_prompts_that_are_not_read(odd):
    """They wait, hold up nobody else, and their cancel works."""
    deaf = start_waiting(odd, 'DEAFEN')
    waiting = [websocket.connect(odd.port) for _ in range(AT_ONCE)]
    for client in waiting:
        client.send(invocation('COUNT:' + 'x' * 1000000))
    with websocket.connect(odd.port) as client:
        assert client.ask_one(commands('true'))['results'][0]['exit_code'] == 0
    for client in waiting[1:]:
        client.send(CANCEL)
    for client in waiting[1:]:
        assert client.receive_until_terminal()[-1] == CANCELLED
    # The deaf one was killed for that; what it had not read went to the next.
    assert 'went on after it was cancelled' in deaf.receive_until_terminal()[-1]['error']
    assert text_of(waiting[0].receive_until_terminal()[-1]) == '1000000'
    for client in [deaf, *waiting]:
        client.close()


def test_nothing_is_left_of_many_hosts(odd):
    ask(odd, 'ECHO:warm')
    before = odd.count_descriptors()
    for _ in range(20):
        assert 'cannot be used' in ask(odd, 'GARBLE:x')['error']
    ask(odd, 'ECHO:warm')
    # The first connection may still have been closing.
    wait_until(lambda: all(count <= before[kind]
                           for kind, count in odd.count_descriptors().items()),
               f'descriptors left: {before} grew to {odd.count_descriptors()}')
    assert len(hosts(odd)) == 1


@pytest.mark.parametrize('prompt', ['WAIT', 'DEAFEN'])
def test_stop_while_running(odd, prompt):
    """The connection is closed in time, and no process is left."""
    client = start_waiting(odd, prompt)
    odd.stop()
    assert client.expect_close() == 1001


def test_stop_with_a_host_that_stays(start_server):
    server = start_server('--handler', str(HANDLERS / 'odd-host'), agent=None,
                          env={'HANDLER_STAYS': '1'})
    ask(server, 'ECHO:warm')
    server.stop()
    assert 'went on after the end of its input, and is killed' in server.log


def test_runtime_is_killed(odd):
    """Its hosts end with it, whatever they do."""
    start_waiting(odd, 'DEAFEN')
    left = processes.descendants(odd.pid)
    assert hosts(odd)
    odd.signal(signal.SIGKILL)
    odd.wait()
    wait_until(lambda: not any(map(processes.is_running, left)), 'a process is left')


LATE_TIMER = """
exports.handler = {
  async run(invocation) {
    setTimeout(() => { throw new Error(`too late for ${invocation.secrets[0]}`); }, 1);
    return { type: 'text', text: String(process.pid) };
  },
};
"""


@pytest.mark.parametrize('kind', ['node', 'bun'])
def test_late_timer(tmp_path, start_server, kind):
    """What is thrown after the result harms nobody, and is logged without secrets."""
    path = tmp_path / 'handler.js'
    path.write_text(LATE_TIMER)
    server = start_server('--handler', str(path), agent=None,
                          env={'PATH': path_with(KINDS[kind][1])})
    answers = {text_of(ask(server, 'x', secrets_to_redact=['s3cr3t'])) for _ in range(5)}
    wait_until(lambda: server.log.count('Error: too late for [REDACTED]') == 5, 'what was thrown')
    assert len(answers) == 1
    assert 's3cr3t' not in server.log
