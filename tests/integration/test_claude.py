# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent "claude": the published program, with a stand-in for its service."""

import asyncio
import json
import os
import re
import time
from pathlib import Path

import pytest
from harness import processes, websocket
from harness.anthropic_mock import Failure, Hang, Reply, Turns, bash, text, thinking, tool
from harness.claude import KEY, VERSIONS, ClaudeServer
from harness.host import NODE_MODULES
from harness.messages import CANCEL, CANCELLED, command, commands, invocation, output, text_of
from harness.processes import PATIENCE, wait_until
from runtimeuse_client import (AgentRuntimeError, CancelledException, QueryOptions,
                               RuntimeUseClient, StructuredOutputResult)

MODEL = 'claude-sonnet-4-5'
SCHEMA = {'type': 'object', 'properties': {'answer': {'type': 'integer'}},
          'required': ['answer'], 'additionalProperties': False}
# Milliseconds after a cancel when the request ends without the agent, if that takes longer.
CANCEL_GRACE = int(10000 * PATIENCE)
TIMEOUT = 60


@pytest.fixture(scope='module', params=VERSIONS)
def shared_claude(request, tmp_path_factory):
    server = ClaudeServer(tmp_path_factory.mktemp('claude'), request.param,
                          '--limit', f'cancel-grace={CANCEL_GRACE}')
    yield server
    server.stop()


@pytest.fixture
def claude(shared_claude):
    """Nothing of a case may be left, and its key nowhere to be seen."""
    yield shared_claude
    shared_claude.check_at_rest()
    shared_claude.check_log()
    assert KEY not in shared_claude.log


@pytest.fixture
def start_claude(tmp_path):
    started = []

    def start(*arguments, version='2.1.328', **options):
        started.append(ClaudeServer(tmp_path / f'claude-{len(started)}', version, *arguments,
                                    **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


def request(server, prompt='hello', **members):
    """Return all messages; the key is in none of them."""
    with websocket.connect(server.port) as client:
        messages = client.request(invocation(prompt, **{'model': MODEL, **members}))
    assert KEY not in json.dumps(messages)
    return messages


def ask(server, *answers, **members):
    server.mock.answer(*answers)
    return request(server, **members)


def ask_error(server, *answers, **members):
    terminal = ask(server, *answers, **members)[-1]
    assert terminal['message_type'] == 'error_message', terminal
    return terminal


def said(messages):
    return [message['text_blocks'] for message in messages
            if message['message_type'] == 'assistant_message']


def deltas(messages):
    return ''.join(message['text'] for message in messages
                   if message['message_type'] == 'assistant_delta_message')


# Text

def test_text(claude):
    messages = ask(claude, Reply(text('Hello ä ✓ 😀 "quoted" \\ \t\n \u2028 there.')))
    assert said(messages) == [['Hello ä ✓ 😀 "quoted" \\ \t\n \u2028 there.']]
    assert text_of(messages[-1]) == 'Hello ä ✓ 😀 "quoted" \\ \t\n \u2028 there.'
    metadata = messages[-1]['metadata']
    assert metadata['usage'] == {'inputTokens': 25, 'outputTokens': 12, 'totalTokens': 44,
                                 'cacheReadInputTokens': 4, 'cacheCreationInputTokens': 3}
    assert metadata['numTurns'] == 1 and metadata['totalCostUsd'] > 0
    assert metadata['model'] == MODEL and metadata['claudeCodeVersion'] == claude.version
    assert metadata['durationMs'] >= 0 and len(metadata['sessionId']) == 36


def test_what_is_sent(claude):
    request_id = 'what-is-sent'
    ask(claude, Reply(text('x')), source_id=request_id, prompt='the prompt itself',
        system_prompt='the system prompt')
    sent, = claude.mock.requests
    assert sent['headers']['x-api-key'] == KEY
    assert sent['body']['model'] == MODEL
    assert sent['body']['system'][-1]['text'] == 'the system prompt'
    assert sent['body']['messages'][0]['content'][-1]['text'] == 'the prompt itself'


def test_version_in_log(claude):
    for _ in range(2):
        ask(claude, Reply(text('x')))
    assert claude.log.count(f'claude {claude.version} (') == 1


def test_empty_system_prompt(claude):
    """The program then has its own."""
    ask(claude, Reply(text('x')), system_prompt='')
    assert len(claude.mock.requests[0]['body']['system'][-1]['text']) > 1000


def test_no_model(claude):
    ask(claude, Reply(text('x')), model='')
    assert claude.mock.requests[0]['body']['model'].startswith('claude-')


def test_deltas(claude):
    words = 'A text that comes in some pieces.'
    messages = ask(claude, Reply(thinking('hm'), text(words, 6)), stream_deltas=True)
    assert deltas(messages) == words
    assert len([m for m in messages if m['message_type'] == 'assistant_delta_message']) > 2
    assert said(messages) == [[words]]


def test_no_deltas_unless_asked_for(claude):
    assert deltas(ask(claude, Reply(text('some words')))) == ''


def test_several_blocks(claude):
    messages = ask(claude, Reply(thinking('hm'), text('first'), text('second')))
    assert said(messages) == [['first'], ['second']]
    assert 'hm' not in json.dumps(messages[:-1])


def test_secret(claude):
    messages = ask(claude, Reply(text('the word is s3cr3t', 9)), stream_deltas=True,
                   secrets_to_redact=['s3cr3t'])
    assert deltas(messages) == 'the word is [REDACTED]'
    assert said(messages) == [['the word is [REDACTED]']]
    assert text_of(messages[-1]) == 'the word is [REDACTED]'


def test_key_is_hidden(claude):
    """Of the server, and of the request, also when a model or a tool repeats it."""
    own = 'my-own-key'
    script = [Reply(text(f'{KEY} {own}'), bash('echo $ANTHROPIC_API_KEY; printenv | grep KEY')),
              Reply(text(f'again {KEY} {own}'))]
    messages = ask(claude, *script, agent_env={'ANTHROPIC_API_KEY': own})
    assert own not in json.dumps(messages)
    assert text_of(messages[-1]) == 'again [REDACTED] [REDACTED]'
    assert '[REDACTED]' in output(messages)
    assert claude.mock.requests[0]['headers']['x-api-key'] == own


def test_large_prompt(claude):
    """More than a pipe holds, and more than an argument may have."""
    prompt = 'x' * 3_000_000
    assert text_of(ask(claude, Reply(text('read')), prompt=prompt)[-1]) == 'read'
    assert prompt in json.dumps(claude.mock.requests[0]['body'])


def test_large_answer(claude):
    words = 'word ' * 300_000
    messages = ask(claude, Reply(text(words, 50)))
    assert ''.join(block for blocks in said(messages) for block in blocks) == words


def test_slow_stream(claude):
    assert text_of(ask(claude, Reply(text('slow', 4), delay=0.05))[-1]) == 'slow'


def test_stream_in_single_bytes(claude):
    words = 'ä ✓ 😀'
    messages = ask(claude, Reply(text(words, 1), chunk=1))
    assert text_of(messages[-1]) == words


@pytest.mark.parametrize('chunk', [2, 7, 64])
def test_stream_in_pieces(claude, chunk):
    messages = ask(claude, Reply(text('ä ✓ 😀'), bash('echo ä ✓ 😀'), chunk=chunk),
                   Reply(text('done')))
    assert output(messages).rstrip() == 'ä ✓ 😀'


def test_slow_reader(claude):
    """The client gets all of it, in order, however late it reads."""
    words = [f'block {i} ' + 'x' * 20_000 for i in range(40)]
    claude.mock.answer(Reply(*[text(block, 1) for block in words]))
    with websocket.connect(claude.port, receive_buffer=4096) as client:
        client.send(invocation('x', model=MODEL))
        first = client.receive()
        messages = [first, *client.receive_until_terminal()]
    assert said(messages) == [[block] for block in words]


# Tools

def test_tool(claude):
    messages = ask(claude, Reply(text('Run it.'), bash('echo hi; echo $((6 * 7))')),
                   Reply(text('Done.')))
    kinds = [message['message_type'] for message in messages]
    assert kinds == ['assistant_message', 'command_output_message', 'assistant_message',
                     'result_message']
    assert messages[1]['command'] == 'echo hi; echo $((6 * 7))'
    assert output(messages).rstrip() == 'hi\n42'
    assert messages[-1]['metadata']['numTurns'] == 2
    assert messages[-1]['metadata']['usage']['inputTokens'] == 50


def test_tool_that_fails(claude):
    messages = ask(claude, Reply(bash('echo hi; echo oops >&2; exit 3')), Reply(text('I see.')))
    assert 'hi' in output(messages) and 'oops' in output(messages)
    assert text_of(messages[-1]) == 'I see.'


def test_agent_env(claude):
    messages = ask(claude, Reply(bash('echo $COLOUR')), Reply(text('x')),
                   agent_env={'COLOUR': 'teal'})
    assert output(messages).rstrip() == 'teal'


def test_works_where_the_commands_do(claude):
    messages = ask(claude, Reply(bash('cat before; echo made >made')), Reply(text('x')),
                   pre_agent_invocation_commands=[command('echo given >before')],
                   post_agent_invocation_commands=[command('cat made')])
    printed = [m for m in messages if m['message_type'] == 'command_output_message']
    assert [m['text'].rstrip() for m in printed] == ['given', 'made']


def test_background_process_lives_with_the_session(claude):
    claude.mock.answer(Reply(bash('nohup tail -f /dev/null >/dev/null 2>&1 & echo $!')),
                       Reply(text('started')))
    with websocket.connect(claude.port) as client:
        messages = client.request(invocation('x', model=MODEL))
        pid = int(output(messages))
        assert processes.is_running(pid)
        assert client.ask_one(commands(f'kill -0 {pid}'))['results'][0]['exit_code'] == 0
        client.close()
    wait_until(lambda: not processes.is_running(pid), 'the background process is left')


def test_arguments_tell_nothing(claude):
    """Neither prompts nor schema nor keys are where everybody sees them."""
    claude.mock.answer(Hang())
    with websocket.connect(claude.port) as client:
        client.send(invocation('secret-prompt', model=MODEL, system_prompt='secret-role',
                               output_format_json_schema_str=json.dumps(
                                   {**SCHEMA, 'title': 'secret-title'})))
        assert claude.mock.hanging.wait(TIMEOUT)
        seen = ''.join(processes.read_proc(pid, 'cmdline')
                       for pid in [claude.pid, *processes.descendants(claude.pid)])
        client.send(CANCEL)
        client.receive_until_terminal()
    assert '--permission-mode' in seen and MODEL in seen
    for word in ('secret-', KEY):
        assert word not in seen


# Structured output

@pytest.mark.parametrize('form', ['bare', 'wrapped'])
def test_structured(claude, form):
    schema = SCHEMA if form == 'bare' else {'type': 'json_schema', 'schema': SCHEMA}
    terminal = ask(claude, Reply(tool('StructuredOutput', answer=42)), Reply(text('x')),
                   output_format_json_schema_str=json.dumps(schema))[-1]
    assert terminal['data'] == {'type': 'structured_output', 'structured_output': {'answer': 42}}
    offered, = [t for t in claude.mock.requests[0]['body']['tools']
                if t['name'] == 'StructuredOutput']
    assert offered['input_schema']['properties'] == SCHEMA['properties']


def test_structured_second_try(claude):
    terminal = ask(claude, Reply(tool('StructuredOutput', answer='x')),
                   Reply(tool('StructuredOutput', answer=7)), Reply(text('x')),
                   output_format_json_schema_str=json.dumps(SCHEMA))[-1]
    assert terminal['data']['structured_output'] == {'answer': 7}


def test_structured_late(claude):
    """The program itself reminds the model once, and is then told that the object is missing."""
    never = Reply(text('I will not'))
    terminal = ask(claude, never, never, Reply(tool('StructuredOutput', answer=7)),
                   output_format_json_schema_str=json.dumps(SCHEMA))[-1]
    assert terminal['data']['structured_output'] == {'answer': 7}
    metadata, count = terminal['metadata'], len(claude.mock.requests)
    assert metadata['usage']['inputTokens'] == 25 * count == 75
    assert metadata['usage']['totalTokens'] == 44 * count
    assert 'There was no structured output.' in json.dumps(claude.mock.requests[-1]['body'])


def test_structured_never(claude):
    error = ask_error(claude, Reply(text('I will not')),
                      output_format_json_schema_str=json.dumps(SCHEMA))
    assert error['error'] == ('claude: it ended without the structured output that was asked for '
                              '(output_format_json_schema_str), also when it was told what was '
                              'wrong, and said: I will not')
    assert error['metadata']['error_name'] == 'agent-failed'
    assert error['metadata']['usage']['inputTokens'] == 25 * len(claude.mock.requests)


def test_structured_always_wrong(claude):
    error = ask_error(claude, Reply(tool('StructuredOutput', answer='x')),
                      output_format_json_schema_str=json.dumps(SCHEMA))
    assert 'error_max_structured_output_retries' in error['error']
    assert error['metadata']['subtype'] == 'error_max_structured_output_retries'


@pytest.mark.parametrize('format', ['17', '"x"', '[]', '{"type": "json_schema"}',
                                    '{"type": "objekt"}'])
def test_structured_format_unfit(claude, format):
    error = ask_error(claude, Reply(text('x')), output_format_json_schema_str=format)
    assert 'output_format_json_schema_str' in error['error']
    assert not claude.mock.requests


# Failures

FAILURES = {
    'bad-key': (Failure(401, 'authentication_error', 'invalid x-api-key'), 401,
                'authentication_failed', 'Invalid API key'),
    'bad-request': (Failure(400, 'invalid_request_error', 'bad thing'), 400, None, 'bad thing'),
    'rate-limit': (Failure(429, 'rate_limit_error', 'slow down', retry_after='1'), 429,
                   'rate_limit', '429'),
    'failing': (Failure(500, 'api_error', 'all is broken'), 500, 'server_error', 'all is broken'),
    'overloaded': (Failure(529, 'overloaded_error', 'Overloaded'), 529, None, '529'),
}


@pytest.mark.parametrize('name', FAILURES)
def test_failure(claude, name):
    """The program's words, with the status, and not as if the model had said them."""
    answer, status, kind, words = FAILURES[name]
    claude.mock.answer(answer)
    messages = request(claude)
    error = messages[-1]
    assert error['message_type'] == 'error_message'
    assert error['error'].startswith('claude: ')
    assert words in error['error'] and str(status) in error['error']
    assert error['metadata']['apiErrorStatus'] == status
    assert kind in (None, error['metadata']['apiError'])
    assert said(messages) == []
    assert name == 'bad-request' or len(claude.mock.requests) == 3


def test_retry_after(claude):
    messages = ask(claude, Failure(429, 'rate_limit_error', 'slow down', retry_after='1'),
                   Reply(text('now')))
    assert text_of(messages[-1]) == 'now'
    delay = re.findall(r'HTTP 429, rate_limit; retry 1 of 2 in (\d+) ms', claude.log)[-1]
    assert int(delay) >= 1000


@pytest.mark.parametrize('status', [500, 529])
def test_failure_that_passes(claude, status):
    assert text_of(ask(claude, Failure(status), Reply(text('now')))[-1]) == 'now'


def test_retries_of_the_user(claude):
    error = ask_error(claude, Failure(500), agent_env={'CLAUDE_CODE_MAX_RETRIES': '0'})
    assert error['metadata']['apiErrorStatus'] == 500
    assert len(claude.mock.requests) == 1


@pytest.mark.parametrize('fault', ['drop_after', 'stop_after', 'garbage_after'])
def test_broken_stream(claude, fault):
    """Tried again; what had come of it is not told twice."""
    messages = ask(claude, Reply(text('some words'), **{fault: 3}), Reply(text('other words')))
    assert messages[-1]['message_type'] == 'result_message'
    assert said(messages) == [[text_of(messages[-1])]]


def test_always_dropped(claude):
    error = ask_error(claude, Reply(text('some words'), drop_after=3))
    assert 'ECONNRESET' in error['error'] or 'connect' in error['error'].lower()


def test_no_service(claude):
    error = ask_error(claude, Hang(), agent_env={'ANTHROPIC_BASE_URL': 'http://127.0.0.1:9'})
    assert 'connect' in error['error'].lower()


def test_refusal(claude):
    error = ask_error(claude, Reply(text('No.'), stop_reason='refusal'))
    assert error['error'].startswith('claude: API Error: ')


def test_no_key(start_claude):
    server = start_claude(env={'ANTHROPIC_API_KEY': ''})
    error = ask_error(server, Reply(text('x')))
    assert 'Not logged in' in error['error']


def test_token_instead_of_key(start_claude):
    server = start_claude(env={'ANTHROPIC_API_KEY': '', 'ANTHROPIC_AUTH_TOKEN': 'bearer-token-7'})
    messages = ask(server, Reply(text('bearer-token-7')))
    assert text_of(messages[-1]) == '[REDACTED]'
    assert server.mock.requests[0]['headers']['authorization'] == 'Bearer bearer-token-7'


def test_max_turns(start_claude):
    server = start_claude('--agent-limit', 'max-turns=2')
    error = ask_error(server, Reply(bash('true')))
    assert error['error'] == 'claude: Reached maximum number of turns (2) (error_max_turns)'


# Programs that are not there, or not as they should be

def test_not_installed(start_claude, tmp_path):
    (tmp_path / 'empty').mkdir()
    server = start_claude(env={'PATH': str(tmp_path / 'empty')})
    error = ask_error(server, Reply(text('x')))
    assert 'npm install -g @anthropic-ai/claude-code' in error['error']
    # It is looked for where the request says.
    path = f'{server.home.parent / "bin"}:{os.environ["PATH"]}'
    assert text_of(ask(server, Reply(text('x')), agent_env={'PATH': path})[-1]) == 'x'


def test_half_installed(start_claude):
    """As npm leaves it when it may not run the scripts of packages."""
    server = start_claude(env={'PATH': f'{NODE_MODULES / ".bin"}:{os.environ["PATH"]}'})
    error = ask_error(server, Reply(text('x')))
    assert 'its process ended with status 1 without a result' in error['error']
    assert 'native binary not installed' in error['error']


@pytest.mark.skipif(os.geteuid() != 0, reason='only root is refused')
def test_root(start_claude):
    server = start_claude(env={'IS_SANDBOX': ''})
    error = ask_error(server, Reply(text('x')))
    assert 'IS_SANDBOX=1' in error['error'] and 'root' in error['error']
    assert not server.working()
    messages = ask(server, Reply(text('x')), agent_env={'IS_SANDBOX': '1'})
    assert text_of(messages[-1]) == 'x'


def test_killed(claude):
    claude.mock.answer(Hang())
    with websocket.connect(claude.port) as client:
        client.send(invocation('x', model=MODEL))
        assert claude.mock.hanging.wait(TIMEOUT)
        pid, = [pid for pid in claude.working() if processes.name_of(pid) == 'claude']
        os.kill(pid, 9)
        error = client.receive_until_terminal()[-1]
    assert 'claude: its process was ended by signal 9 (Killed) without a result' in error['error']


# Cancel

# It ignores signals, and a part of it has left for a session of its own.
STUBBORN = ('trap "" TERM INT HUP; (setsid tail -f /dev/null) & tail -f /dev/null & '
            'touch %s; tail -f /dev/null')


def cancel(server, client):
    """Cancel and return the terminal, at which nothing of the work may be left."""
    before = server.working()
    assert before
    started = time.monotonic()
    client.send(CANCEL)
    terminal = client.receive_until_terminal()[-1]
    assert time.monotonic() - started < 10 * PATIENCE
    assert not any(map(processes.is_running, before)), 'processes left at the terminal'
    return terminal


@pytest.mark.parametrize('answer', ['streaming', 'silent'])
def test_cancel_model(claude, answer):
    claude.mock.answer(Reply(text('some words to say'), hang_after=3)
                       if answer == 'streaming' else Hang())
    with websocket.connect(claude.port) as client:
        client.send(invocation('x', model=MODEL))
        assert claude.mock.hanging.wait(TIMEOUT)
        assert cancel(claude, client) == CANCELLED
        assert claude.mock.abandoned.wait(TIMEOUT)
        # The session goes on.
        claude.mock.answer(Reply(text('next')))
        assert text_of(client.ask_one(invocation('x', model=MODEL))) == 'next'


@pytest.mark.parametrize('script', ['touch %s; tail -f /dev/null', STUBBORN],
                         ids=['willing', 'stubborn'])
def test_cancel_tool(claude, tmp_path, script):
    started = tmp_path / 'started'
    claude.mock.answer(Reply(bash(script % started)), Reply(text('x')))
    with websocket.connect(claude.port) as client:
        client.send(invocation('x', model=MODEL))
        wait_until(started.exists, 'the tool', TIMEOUT)
        assert cancel(claude, client) == CANCELLED


def test_cancel_at_once(claude):
    """Before the program can have read anything."""
    claude.mock.answer(Hang())
    with websocket.connect(claude.port) as client:
        client.send(invocation('x', model=MODEL))
        wait_until(claude.working, 'the program', TIMEOUT)
        assert cancel(claude, client) == CANCELLED


def test_cancel_between_retries(claude):
    claude.mock.answer(Failure(429, 'rate_limit_error', 'slow down', retry_after='30'))
    with websocket.connect(claude.port) as client:
        client.send(invocation('x', model=MODEL))
        wait_until(lambda: claude.mock.requests, 'the first try', TIMEOUT)
        assert cancel(claude, client) == CANCELLED


def test_cancel_without_a_reader(claude):
    """Who reads nothing may cancel, too."""
    claude.mock.answer(Reply(*[text('x' * 50_000, 1) for _ in range(100)], bash('true')), Hang())
    with websocket.connect(claude.port, receive_buffer=4096) as client:
        client.send(invocation('x', model=MODEL))
        client.receive()
        before = claude.working()
        client.send(CANCEL)
        wait_until(lambda: not any(map(processes.is_running, before)), 'the program is left')
        assert client.receive_until_terminal()[-1] == CANCELLED


def test_lost_client(claude):
    claude.mock.answer(Hang())
    with websocket.connect(claude.port) as client:
        client.send(invocation('x', model=MODEL))
        assert claude.mock.hanging.wait(TIMEOUT)
    assert claude.mock.abandoned.wait(TIMEOUT)


def test_server_stops(start_claude, tmp_path):
    server = start_claude()
    started = tmp_path / 'started'
    server.mock.answer(Reply(bash(STUBBORN % started)))
    with websocket.connect(server.port) as client:
        client.send(invocation('x', model=MODEL))
        wait_until(started.exists, 'the tool', TIMEOUT)
        server.stop()
        assert client.expect_close() == 1001


def test_deadline(start_claude):
    """That of the invocation ends what works as a cancel does."""
    server = start_claude('--limit', 'invocation-timeout=3')
    error = ask_error(server, Hang())
    assert error['error'] == 'The agent did not answer within 3 seconds'
    assert not server.working()


def test_many_at_once(claude):
    """Each has a program of its own, with its own environment."""
    claude.mock.answer(Turns(Reply(bash('echo $NUMBER')), Reply(text('done'))))
    clients = [websocket.connect(claude.port) for _ in range(4)]
    for number, client in enumerate(clients):
        client.send(invocation('x', model=MODEL, agent_env={'NUMBER': str(number)}))
    for number, client in enumerate(clients):
        messages = client.receive_until_terminal()
        assert output(messages).rstrip() == str(number)
        assert text_of(messages[-1]) == 'done'
        client.close()


# The published client

def run(call):
    async def with_deadline():
        async with asyncio.timeout(2 * TIMEOUT * PATIENCE):
            return await call

    return asyncio.run(with_deadline())


def options(**members):
    return QueryOptions(**{'system_prompt': 'You are a test.', 'model': MODEL,
                           'timeout': TIMEOUT * PATIENCE, **members})


def test_client_text(claude):
    claude.mock.answer(Reply(text('Run it.'), bash('echo hi')), Reply(text('Done.')))
    blocks = []

    async def on_assistant(message):
        blocks.extend(message.text_blocks)

    result = run(RuntimeUseClient(claude.url).query(
        'x', options(on_assistant_message=on_assistant)))
    assert result.data.text == 'Done.'
    assert result.metadata['numTurns'] == 2
    assert blocks == ['Run it.', 'Done.']


def test_client_structured(claude):
    claude.mock.answer(Reply(tool('StructuredOutput', answer=42)), Reply(text('x')))
    result = run(RuntimeUseClient(claude.url).query(
        'x', options(output_format_json_schema_str=json.dumps(SCHEMA))))
    assert isinstance(result.data, StructuredOutputResult)
    assert result.data.structured_output == {'answer': 42}


def test_client_error(claude):
    claude.mock.answer(Failure(401, 'authentication_error', 'invalid x-api-key'))
    with pytest.raises(AgentRuntimeError, match='Invalid API key'):
        run(RuntimeUseClient(claude.url).query('x', options()))


def test_client_cancel(claude):
    async def calls():
        async with RuntimeUseClient(claude.url).session() as session:
            claude.mock.answer(Hang())
            call = asyncio.create_task(session.query('x', options()))
            await asyncio.to_thread(claude.mock.hanging.wait, TIMEOUT)
            session.abort()
            with pytest.raises(CancelledException):
                await call
            claude.mock.answer(Reply(text('next')))
            return await session.query('x', options())

    assert run(calls()).data.text == 'next'


# What others have recorded

RECORDED_SCHEMA = {'type': 'object', 'required': ['answer'], 'additionalProperties': False,
                   'properties': {'answer': {'type': 'integer'},
                                  'tags': {'type': 'array', 'items': {'type': 'string'}}}}
RECORDINGS = Path(__file__).resolve().parents[3] / 'shared/fixtures/claude'


def recorded_replies(events):
    """The messages of the model, as it said them to the program then."""
    blocks = {}
    for event in events:
        if event['type'] == 'assistant':
            blocks.setdefault(event['message']['id'], []).extend(event['message']['content'])
    for content in blocks.values():
        yield [text(block['text']) if block['type'] == 'text'
               else tool(block['name'], **block['input']) for block in content]


@pytest.mark.parametrize('pace', [{}, {'chunk': 7, 'delay': 0.02}], ids=['at-once', 'in-pieces'])
@pytest.mark.parametrize('name', ['text', 'bash', 'json', 'badjson', 'sdkstyle'])
def test_recorded(claude, name, pace):
    """What the model said then leads to the result that it led to then."""
    path = RECORDINGS / claude.version / f'{name}.jsonl'
    if not path.exists():
        pytest.skip('the recordings are not part of this tree')
    events = [json.loads(line) for line in path.read_text().splitlines()]
    last = [event for event in events if event['type'] == 'result'][-1]
    members = {}
    if 'json' in name:
        members['output_format_json_schema_str'] = json.dumps(RECORDED_SCHEMA)
    messages = ask(claude, *(Reply(*blocks, **pace) for blocks in recorded_replies(events)),
                   **members)
    if last['subtype'] != 'success':
        assert messages[-1]['message_type'] == 'error_message'
    elif 'structured_output' in last:
        assert messages[-1]['data']['structured_output'] == last['structured_output']
    else:
        assert text_of(messages[-1]) == last['result']
    texts = [block['text'] for event in events if event['type'] == 'assistant'
             for block in event['message']['content'] if block['type'] == 'text']
    assert [block for blocks in said(messages) for block in blocks] == texts
