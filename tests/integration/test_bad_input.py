# SPDX-License-Identifier: LGPL-2.1-or-later
"""Input that is wrong: the answer names the field, session and process live on."""

import json
import random

import pytest
from harness import websocket
from harness.messages import (BUSY, CANCEL, CANCELLED, command, commands, invocation, output,
                              text_of)
from harness.websocket import BINARY, Closed, make_frame

MISSING = object()
MAX_MESSAGE = 100 * 1024 * 1024


def check_idle(client):
    assert client.request(invocation('ECHO:still here')) == [
        {'message_type': 'result_message', 'metadata': {},
         'data': {'type': 'text', 'text': 'still here'}}]


def check_error(client, *words):
    """The next message is an error that has these words, and nothing follows it."""
    message = client.receive()
    assert message['message_type'] == 'error_message', message
    assert isinstance(message['metadata'], dict)
    for word in words:
        assert word in message['error'], message
    check_idle(client)


# Not a message


@pytest.mark.parametrize('text', [
    '', ' ', 'hello', '{', '{"message_type": "cancel_message"', 'null', 'nul', '\ufeff{}',
    "{'message_type': 'cancel_message'}", '{"a": 1,}', '[1, 2', '{"a": 01}', '{"a": .5}',
    '{"a": 1.}', '{"a": +1}', '{"a": 0x10}', '{"a": NaN}', '{"a": Infinity}', '{"a" 1}', '{a: 1}',
    '// comment\n{}', '{} {}', '{}{}', '{},', 'var a = {};', '{"a": "\n"}', '{"a": "\x01"}',
    '{"a": "\\x41"}', '{"a": "\\u12"}', '{"a": "unfinished', '\x00', '{}\x00', 'True',
    '{"a": "\\ud800"}', '{"a": "\\ud800x"}', '{"a": "\\udc00"}', '{"a": "\\ud800\\ud800"}'])
def test_not_json(client, text):
    client.send_text(text)
    check_error(client)


@pytest.mark.parametrize('text', [
    '[]', '"text"', '3', '-1.5e300', 'true', 'false', '{}', '[{"message_type": "cancel_message"}]',
    '{"message_type": "unknown_message"}', '{"message_type": null}', '{"message_type": 3}',
    '{"message_type": ["invocation_message"]}', '{"message_type": ""}',
    '{"message_type": "INVOCATION_MESSAGE"}', '{"Message_type": "invocation_message"}'])
def test_not_a_message(client, text):
    """As in the reference: no answer."""
    client.send_text(text)
    check_idle(client)


@pytest.mark.parametrize('kind', [
    'result_message', 'assistant_message', 'error_message', 'heartbeat_message',
    'command_output_message', 'command_execution_result_message',
    'artifact_upload_request_message', 'artifact_upload_result_message',
    'download_progress_message', 'assistant_delta_message',
    'end_session_confirm_message'])
def test_message_of_the_other_direction(client, kind):
    client.send({'message_type': kind, 'error': 'x', 'text_blocks': []})
    check_idle(client)


@pytest.mark.parametrize('opening', ['[', '{"a":', '[{"a":'])
def test_deep_nesting(client, opening):
    client.send_text(opening * 100000)
    check_error(client)
    client.send_text('{"message_type":"cancel_message","x":' + '[' * 100000 + ']' * 100000 + '}')
    check_error(client)


@pytest.mark.parametrize('data', [b'{"a": "\xff"}', b'\xc3', b'{"a": "\xed\xa0\x80"}',
                                  b'{"a": "\xc0\xaf"}', b'{"a": "\xf4\x90\x80\x80"}'])
def test_invalid_utf8_in_a_binary_message(client, data):
    client.send_frame(BINARY, data)
    check_error(client)


def test_malformed_while_a_request_runs(client):
    """It must not be taken for the answer to that request."""
    client.send(invocation('WAIT:60000', pre_agent_invocation_commands=[command('echo started')]))
    client.receive()
    for text in ('', 'null', '{', '[]', '{"message_type": "unknown"}'):
        client.send_text(text)
    client.send(CANCEL)
    assert client.receive() == CANCELLED
    check_idle(client)


def test_wrong_request_while_a_request_runs(client):
    """A request that is refused anyway; at most one answer, and not for the running one."""
    client.send(invocation('WAIT:60000', pre_agent_invocation_commands=[command('echo started')]))
    client.receive()
    client.send(commands('true', secrets_to_redact=3))
    client.send(invocation('ECHO:second'))
    client.send(CANCEL)
    messages = [client.receive()]
    while messages[-1] != CANCELLED:
        messages.append(client.receive())
    assert BUSY in [message['error'] for message in messages]
    check_idle(client)


# Fields

COMMAND_FIELDS = [
    ('source_id', 3), ('source_id', []), ('source_id', {}), ('source_id', True),
    ('secrets_to_redact', 'abc'), ('secrets_to_redact', {}), ('secrets_to_redact', 3),
    ('secrets_to_redact', False),
    ('artifacts_dirs', 'x'), ('artifacts_dirs', 3), ('artifacts_dirs', {}),
    ('artifacts_dir', 3), ('artifacts_dir', ['x']),
    ('artifacts_ignore_content', 3), ('artifacts_ignore_content', ['x']),
    ('pre_execution_downloadables', 3), ('pre_execution_downloadables', {}),
    ('commands', MISSING), ('commands', None), ('commands', {}), ('commands', 'true'),
    ('commands', 3),
]

INVOCATION_FIELDS = [
    ('source_id', 3), ('secrets_to_redact', 'abc'), ('artifacts_dirs', 3), ('artifacts_dir', 3),
    ('artifacts_ignore_content', 3),
    ('system_prompt', MISSING), ('system_prompt', None), ('system_prompt', 3),
    ('user_prompt', MISSING), ('user_prompt', None), ('user_prompt', ['x']),
    ('model', MISSING), ('model', None), ('model', {}),
    ('agent_env', 'A=B'), ('agent_env', ['A=B']), ('agent_env', 3),
    ('output_format_json_schema_str', 3), ('output_format_json_schema_str', {}),
    ('output_format_json_schema_str', '{'), ('output_format_json_schema_str', 'hello'),
    ('pre_agent_invocation_commands', 'true'), ('pre_agent_invocation_commands', {}),
    ('post_agent_invocation_commands', 3), ('post_agent_invocation_commands', True),
    ('pre_agent_downloadables', 3), ('pre_agent_downloadables', 'x'),
]


def with_field(message, name, value):
    message = {**message, name: value}
    if value is MISSING:
        del message[name]
    return message


def name_case(value):
    return 'missing' if value is MISSING else str(value)[:60]


@pytest.mark.parametrize('name, value', COMMAND_FIELDS, ids=name_case)
def test_field_of_a_command_execution(client, name, value):
    client.send(with_field(commands('echo must not run'), name, value))
    check_error(client, name)


@pytest.mark.parametrize('name, value', INVOCATION_FIELDS, ids=name_case)
def test_field_of_an_invocation(client, name, value):
    client.send(with_field(invocation('ECHO:must not run'), name, value))
    check_error(client, name)


NESTED = [
    ('commands[1]', [command('true'), 'true']),
    ('commands[1]', [command('true'), None]),
    ('commands[0]', [[]]),
    ('commands[0].command', [{}]),
    ('commands[0].command', [{'command': None}]),
    ('commands[0].command', [{'command': ''}]),
    ('commands[0].command', [{'command': 3}]),
    ('commands[0].command', [{'command': ['true']}]),
    ('commands[0].command', [command('echo a\0b')]),
    ('commands[2].cwd', [command('true'), command('true'), command('true', cwd=3)]),
    ('commands[0].cwd', [command('true', cwd=['/'])]),
    ('commands[0].cwd', [command('true', cwd='/tmp\0/x')]),
    ('commands[0].env', [command('true', env=['A=B'])]),
    ('commands[0].env', [command('true', env='A=B')]),
    ('commands[0].env.PATH', [command('true', env={'PATH': 3})]),
    ('commands[0].env.PATH', [command('true', env={'PATH': None})]),
    ('commands[0].env.PATH', [command('true', env={'PATH': {}})]),
    ('commands[0].env', [command('true', env={'A=B': 'x'})]),
    ('commands[0].env', [command('true', env={'': 'x'})]),
    ('commands[0].env', [command('true', env={'A\0B': 'x'})]),
    ('commands[0].env', [command('true', env={'A': 'x\0y'})]),
]


@pytest.mark.parametrize('path, value', NESTED, ids=str)
def test_nested_field(client, path, value):
    client.send(commands('x', commands=value))
    check_error(client, path)
    for name in ('pre_agent_invocation_commands', 'post_agent_invocation_commands'):
        client.send(invocation('ECHO:must not run', **{name: value}))
        check_error(client, path.replace('commands', name))


@pytest.mark.parametrize('value', [{'A': 3}, {'A': None}, {'A=B': 'x'}, {'': 'x'}, {'A\0': 'x'},
                                   {'A': '\0'}])
def test_agent_env(client, value):
    client.send(invocation('ECHO:must not run', agent_env=value))
    check_error(client, 'agent_env')


@pytest.mark.parametrize('path, value', [
    ('secrets_to_redact[1]', ['a', 3]), ('secrets_to_redact[0]', [None]),
    ('secrets_to_redact[0]', [['a']]), ('secrets_to_redact[0]', ['a\0b']),
    ('secrets_to_redact', ['x'] * 10001), ('secrets_to_redact', ['x' * 1100000])], ids=name_case)
def test_secrets(client, path, value):
    client.send(commands('true', secrets_to_redact=[str(i) + v if v == 'x' else v
                                                    for i, v in enumerate(value)]))
    check_error(client, path)


@pytest.mark.parametrize('path, value', [
    ('pre_execution_downloadables[0]', ['x']),
    ('pre_execution_downloadables[0].download_url', [{'working_dir': '/tmp'}]),
    ('pre_execution_downloadables[0].download_url', [{'download_url': 3, 'working_dir': '/'}]),
    ('pre_execution_downloadables[0].working_dir', [{'download_url': 'http://127.0.0.1/x'}]),
    ('artifacts_dirs[0]', [3])])
def test_other_nested_fields(client, path, value):
    name = path.partition('[')[0]
    client.send(commands('true', **{name: value}))
    check_error(client, path)


def test_too_many_commands(client):
    client.send(commands(*['true'] * 4097))
    check_error(client, 'commands')


def test_empty_lists_are_nothing(client):
    terminal = client.ask_one(commands('echo x', artifacts_dirs=[], secrets_to_redact=None,
                                       pre_execution_downloadables=[]))
    assert terminal['results'][0]['stdout'] == 'x\n'
    terminal = client.ask_one(invocation(
        'ECHO:x', artifacts_dirs=[], secrets_to_redact=None, pre_agent_downloadables=[],
        pre_agent_invocation_commands=[], post_agent_invocation_commands=[],
        output_format_json_schema_str='', agent_env={}))
    assert text_of(terminal) == 'x'


def test_schema_of_any_shape(client):
    for schema in ('{}', '{"type": "object"}', '{"type": "json_schema", "schema": {}}'):
        assert text_of(client.ask_one(invocation(
            'ECHO:x', output_format_json_schema_str=schema))) == 'x'


# Values that are odd but right


def test_duplicate_members(client):
    """The last one counts, as in the reference."""
    client.send_text('{"message_type": "unknown", "message_type": "command_execution_message", '
                     '"commands": 3, "commands": [{"command": "exit 1", "command": "echo last"}]}')
    assert client.receive_until_terminal()[-1]['results'][0]['stdout'] == 'last\n'


@pytest.mark.parametrize('number', [
    '18446744073709551616', '-9223372036854775809', '1e400', '-1e-400', '1' * 5000])
def test_huge_numbers(client, number):
    client.send_text('{"message_type": "command_execution_message", "commands": [], "x": '
                     + number + '}')
    assert client.receive()['results'] == []


def test_escapes(client):
    client.send_text('{"message_type":"invocation_message","system_prompt":"","model":"",'
                     '"user_prompt":"ECHO:\\u00e4\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\"\\\\"}')
    assert text_of(client.receive()) == 'ä😀/\b\f\n\r\t"\\'


def test_space_between_everything(client):
    client.send_text(' \r\n\t{ "message_type" : "command_execution_message" ,\n'
                     '"commands" : [ ] } \n')
    assert client.receive()['results'] == []


def test_nul_in_a_prompt_is_named(client):
    client.send(invocation('ECHO:a\0b'))
    check_error(client, 'user_prompt')


def test_nul_in_an_unknown_member(client):
    assert text_of(client.ask_one(invocation('ECHO:x', other='a\0b'))) == 'x'


@pytest.mark.parametrize('secret, printed, wanted', [
    ('', 'a', 'a'), ('a', 'banana', 'b[REDACTED]n[REDACTED]n[REDACTED]'),
    ('message_type', 'message_type', '[REDACTED]'), ('stdout', 'stdout', '[REDACTED]'),
    ('"', '"x"', '[REDACTED]x[REDACTED]'), ('\\', 'a\\b', 'a[REDACTED]b'),
    ('REDACTED', 'REDACTED', '[REDACTED]'), ('E', 'E', '[REDACTED]')])
def test_odd_secrets(client, secret, printed, wanted):
    messages = client.request(commands(command('printf %s "$X"', env={'X': printed}),
                                       secrets_to_redact=[secret]))
    assert messages[-1]['message_type'] == 'command_execution_result_message'
    assert output(messages) == wanted
    assert messages[-1]['results'][0]['stdout'] == wanted


# Sizes


def test_command_of_a_megabyte(server, client):
    """More than the system takes in one argument: it may work, but not be cut short."""
    text = ': ' + 'x' * 1000000 + '; echo done'
    terminal = client.request(commands(text))[-1]
    if terminal['message_type'] == 'error_message':
        assert 'E2BIG' in terminal['error'] and 'command' in terminal['error']
    else:
        result = terminal['results'][0]
        assert result['stdout'] == 'done\n'
        assert len(result['command']) < 20000, 'the echo of a command is shortened'
    check_idle(client)


def test_env_of_a_megabyte(client):
    terminal = client.ask_one(commands(command('echo ${#X}', env={'X': 'x' * 1000000})))
    assert terminal['message_type'] in ('error_message', 'command_execution_result_message')
    check_idle(client)


def large_message(size):
    start = ('{"message_type": "command_execution_message", '
             '"commands": [{"command": "echo x"}], "padding": "')
    end = '"}'
    return (start + 'x' * (size - len(start) - len(end)) + end).encode()


def test_message_of_100_mib(client):
    client.send_text(large_message(MAX_MESSAGE))
    assert client.receive_until_terminal()[-1]['results'][0]['stdout'] == 'x\n'


def test_message_over_100_mib(client):
    """Decided from the header, before the payload."""
    client.write(make_frame(websocket.TEXT, b'', length=MAX_MESSAGE + 1))
    with pytest.raises(Closed) as closed:
        client.receive()
    assert closed.value.code == 1009


def test_fragments_over_100_mib(client):
    part = b'x' * (30 * 1024 * 1024)
    client.send_frame(websocket.TEXT, part, fin=False)
    for _ in range(2):
        client.send_frame(websocket.CONTINUATION, part, fin=False)
    client.write(make_frame(websocket.CONTINUATION, b'', fin=True, length=len(part)))
    with pytest.raises(Closed) as closed:
        client.receive()
    assert closed.value.code == 1009


def test_random_bytes_as_messages(client):
    """Nothing that comes in one message may end more than that message."""
    source = random.Random(7)
    base = json.dumps(invocation('ECHO:x')).encode()
    for _ in range(300):
        data = bytearray(base)
        for _ in range(source.randrange(1, 6)):
            data[source.randrange(len(data))] = source.randrange(256)
        client.send_frame(BINARY, bytes(data))
    client.send(invocation('ECHO:the end'))
    while True:
        message = client.receive()
        if message['message_type'] == 'result_message' and message['data']['text'] == 'the end':
            break
