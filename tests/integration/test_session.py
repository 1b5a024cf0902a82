# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests, their one answer, cancel and the end of a session."""

import json
import os
import time

import pytest
from harness import websocket
from harness.messages import (BUSY, CANCEL, CANCELLED, END_SESSION, commands, invocation,
                              output, text_of)
from harness.processes import PATIENCE
from harness.websocket import BINARY, Closed

CONFIRM = {'message_type': 'end_session_confirm_message'}


def start_waiting(client, prompt='WAIT:60000'):
    """Send a request and return when the server has begun with it."""
    client.send(invocation(prompt))
    client.send_frame(websocket.PING, b'begun')
    assert client.read_frame()[:2] == (websocket.PONG, b'begun')


def check_idle(client):
    """Whatever was sent before has been answered by now, if it is answered at all."""
    assert client.request(invocation('ECHO:still here')) == [
        {'message_type': 'result_message', 'metadata': {},
         'data': {'type': 'text', 'text': 'still here'}}]


def test_member_order_on_the_wire(client):
    """Not needed by any client, but what people see in their logs."""
    client.send(invocation('ECHO:x'))
    _, payload, _ = client.read_frame()
    assert payload == (b'{"message_type":"result_message","metadata":{},'
                       b'"data":{"type":"text","text":"x"}}')
    client.send(commands('echo out; exit 3'))
    _, payload, _ = client.read_frame()
    assert payload == (b'{"message_type":"command_output_message","stream":"stdout",'
                       b'"text":"out\\n","command":"echo out; exit 3"}')
    _, payload, _ = client.read_frame()
    assert payload == (b'{"message_type":"command_execution_result_message","results":['
                       b'{"command":"echo out; exit 3","exit_code":3,"stdout":"out\\n"}]}')


def test_binary_message(client):
    client.send_frame(BINARY, json.dumps(invocation('ECHO:binary')).encode())
    assert text_of(client.receive()) == 'binary'


def test_unset_members_may_be_missing(client):
    client.send({'message_type': 'command_execution_message',
                 'commands': [{'command': 'echo x'}]})
    assert client.receive_until_terminal()[-1]['results'][0]['stdout'] == 'x\n'
    client.send({'message_type': 'invocation_message', 'system_prompt': 's',
                 'user_prompt': 'ECHO:y', 'model': 'm'})
    assert text_of(client.receive()) == 'y'


def test_unknown_members_are_ignored(client):
    assert text_of(client.ask_one(invocation('ECHO:x', new_member={'a': [1]}, other=None))) == 'x'


def test_silent_command_has_no_stdout(client):
    assert client.request(commands('true')) == [
        {'message_type': 'command_execution_result_message',
         'results': [{'command': 'true', 'exit_code': 0}]}]


def test_first_failure_stops_the_list(client):
    messages = client.request(commands('echo 1', 'exit 7', 'echo 3'))
    assert [item['exit_code'] for item in messages[-1]['results']] == [0, 7]
    assert output(messages) == '1\n'


def test_order_of_an_invocation(client):
    messages = client.request(invocation(
        'STREAM:2', pre_agent_invocation_commands=[{'command': 'echo a'}, {'command': 'echo b'}],
        post_agent_invocation_commands=[{'command': 'echo c'}]))
    assert [m.get('text') or m.get('text_blocks') for m in messages[:-1]] == [
        'a\n', 'b\n', ['message 1 of 2'], ['message 2 of 2'], 'c\n']
    assert messages[-1]['message_type'] == 'result_message'


def test_failing_pre_command_prevents_the_agent(client):
    messages = client.request(invocation(
        'STREAM:3', pre_agent_invocation_commands=[{'command': 'echo a; exit 3'}],
        post_agent_invocation_commands=[{'command': 'echo post'}]))
    assert [m['message_type'] for m in messages] == ['command_output_message', 'error_message']
    assert messages[-1]['error'] == 'pre-agent command failed with exit code: 3'
    assert isinstance(messages[-1]['metadata'], dict)
    check_idle(client)


def test_failing_post_command_replaces_the_result(client):
    terminal = client.ask_one(invocation(
        'ECHO:x', post_agent_invocation_commands=[{'command': 'exit 5'}]))
    assert terminal['error'] == 'post-agent command failed with exit code: 5'
    check_idle(client)


def test_error_of_the_agent_is_one_terminal(client):
    """The echo agent sends an error and then fails: two in the reference, one here."""
    assert client.ask_one(invocation('ERROR:something broke'))['error'] == 'something broke'
    check_idle(client)


def test_result_may_not_fit(client):
    for text in ('x' * 1000001, '"' * 500001, '\x01' * 170000):
        terminal = client.ask_one(invocation('ECHO:' + text))
        assert terminal['message_type'] == 'error_message'
        check_idle(client)


def test_structured_output_may_not_fit(client):
    prompt = 'STRUCTURED:' + json.dumps({'a': 'x' * 1000001})
    assert client.ask_one(invocation(prompt))['message_type'] == 'error_message'
    check_idle(client)


@pytest.mark.parametrize('text', ['[1]', '"x"', '3', 'null', '{', '', '{"a": 1} {"b": 2}'])
def test_structured_output_must_be_an_object(client, text):
    assert client.ask_one(invocation('STRUCTURED:' + text))['message_type'] == 'error_message'
    check_idle(client)


def test_structured_output_of_any_text(client):
    text = '{"":{"nested":[[[[{}]]]]},"ä":"😀","n":null,"t":true,"i":-12,"big":9007199254740993}'
    client.send(invocation('STRUCTURED:' + text))
    _, payload, _ = client.read_frame()
    assert f'"structured_output":{text}'.encode() in payload


# Requests at the wrong time


def test_second_request_is_refused(client):
    start_waiting(client)
    client.send(invocation('ECHO:second', secrets_to_redact=['started']))
    refusal = client.receive()
    assert refusal['message_type'] == 'error_message' and refusal['error'] == BUSY
    client.send(commands('echo third'))
    assert client.receive()['error'] == BUSY
    client.send(CANCEL)
    assert client.receive() == CANCELLED
    check_idle(client)


def test_refused_request_changes_no_secrets(client, tmp_path):
    gate = tmp_path / 'gate'
    os.mkfifo(gate)
    client.send(commands(f'echo one; read x < {gate}; echo two'))
    assert client.receive()['text'] == 'one\n'
    client.send(commands('true', secrets_to_redact=['two']))
    assert client.receive()['error'] == BUSY
    gate.write_text('go on\n')
    messages = client.receive_until_terminal()
    assert output(messages) == 'two\n'


def test_requests_one_after_the_other_without_waiting(client):
    """The slot is free as soon as the terminal is sent."""
    for number in range(200):
        client.send(invocation(f'ECHO:{number}'))
        assert text_of(client.receive()) == str(number)


# Cancel


def test_cancel_when_idle_is_ignored(client):
    client.send(CANCEL)
    client.send(CANCEL)
    check_idle(client)


def test_cancel_the_agent(client):
    start_waiting(client)
    client.send(CANCEL)
    assert client.receive() == CANCELLED
    check_idle(client)


def test_cancel_twice_gives_one_terminal(client):
    start_waiting(client)
    for _ in range(3):
        client.send(CANCEL)
    assert client.receive() == CANCELLED
    check_idle(client)


def test_cancel_a_command(client):
    client.send(commands('echo a; sleep 60', 'echo never'))
    assert client.receive()['text'] == 'a\n'
    client.send(CANCEL)
    assert client.receive() == CANCELLED
    check_idle(client)


def test_cancel_a_command_before_the_agent(client):
    client.send(invocation('STREAM:2', pre_agent_invocation_commands=[
        {'command': 'echo a; sleep 60'}, {'command': 'echo never'}],
        post_agent_invocation_commands=[{'command': 'echo never'}]))
    assert client.receive()['text'] == 'a\n'
    client.send(CANCEL)
    assert client.receive() == CANCELLED
    check_idle(client)


def test_cancel_an_agent_that_does_not_listen(start_server):
    """It is waited for a while, then given up; what it says later is dropped."""
    server = start_server('--limit', 'cancel-grace=400', '--limit', 'kill-grace=0')
    with websocket.connect(server.port) as client:
        start_waiting(client, 'SLOW:4000')
        started = time.monotonic()
        client.send(CANCEL)
        assert client.receive() == CANCELLED
        assert 0.35 < time.monotonic() - started < 3.5
        assert text_of(client.ask_one(invocation('SLOW:4100'))) == 'waited 4100 ms'
        check_idle(client)


def test_cancel_while_a_command_before_the_agent_runs(client):
    client.send(invocation('SLOW:60000', pre_agent_invocation_commands=[
        {'command': 'echo started; sleep 60'}]))
    assert client.receive()['text'] == 'started\n'
    client.send(CANCEL)
    assert client.receive() == CANCELLED
    check_idle(client)


def test_cancel_at_once(client):
    """The outcome may be either, but it is one."""
    for _ in range(50):
        client.send(invocation('WAIT:60000'))
        client.send(CANCEL)
        assert client.receive() == CANCELLED
        client.send(commands('sleep 60'))
        client.send(CANCEL)
        assert client.receive() == CANCELLED
    check_idle(client)


def test_cancel_then_request_without_waiting(client):
    start_waiting(client)
    client.send(CANCEL)
    client.send(invocation('ECHO:early'))
    messages = [client.receive()]
    if messages[0] == CANCELLED:
        # The agent was gone before the request was read: then it is served.
        assert text_of(client.receive()) == 'early'
    else:
        assert messages[0]['error'] == BUSY
        assert client.receive() == CANCELLED
    check_idle(client)


# The end


def test_end_of_an_idle_session(client):
    client.send(END_SESSION)
    assert client.receive() == CONFIRM
    assert client.expect_close() in (1000, 1005)


def test_end_twice_is_confirmed_once(client):
    client.send(END_SESSION)
    client.send(END_SESSION)
    assert client.receive() == CONFIRM
    with pytest.raises(Closed):
        client.receive()


def test_cancel_then_end(client):
    start_waiting(client)
    client.send(CANCEL)
    client.send(END_SESSION)
    assert client.receive() == CANCELLED
    assert client.receive() == CONFIRM
    assert client.expect_close() in (1000, 1005)


def test_end_while_a_request_runs(client):
    start_waiting(client)
    client.send(END_SESSION)
    assert client.receive() == CANCELLED
    assert client.receive() == CONFIRM
    assert client.expect_close() in (1000, 1005)


def test_request_after_the_end_is_ignored(client):
    client.send(END_SESSION)
    client.send(invocation('ECHO:late'))
    assert client.receive() == CONFIRM
    with pytest.raises(Closed):
        client.receive()


@pytest.mark.parametrize('code', [1000, 1001, 1009, 3000, 4999])
def test_close_code_comes_back(client, code):
    assert client.close(code) == code


def test_close_without_code(client):
    client.send_frame(websocket.CLOSE)
    assert client.expect_close() in (1000, 1005)


def test_close_in_the_middle_of_a_request(server, client):
    start_waiting(client)
    assert client.close() == 1000


def test_disconnect_in_the_middle_of_a_request(server):
    for prompt in ('WAIT:60000', 'SLOW:100'):
        with websocket.connect(server.port) as client:
            start_waiting(client, prompt)
    server.check_at_rest()


def test_sessions_do_not_block_each_other(server):
    with websocket.connect(server.port) as slow, websocket.connect(server.port) as quick:
        start_waiting(slow)
        for number in range(20):
            assert text_of(quick.ask_one(invocation(f'ECHO:{number}'))) == str(number)
        assert quick.ask_one(commands('echo x'))['results'][0]['stdout'] == 'x\n'
        slow.send(CANCEL)
        assert slow.receive() == CANCELLED


def test_nothing_unasked(server, client):
    """The server speaks only when it is spoken to."""
    client.send_frame(websocket.PING, b'are you there')
    opcode, payload, _ = client.read_frame()
    assert (opcode, payload) == (websocket.PONG, b'are you there')


def test_artifact_response_without_artifacts_is_ignored(client):
    client.send({'message_type': 'artifact_upload_response_message', 'filename': 'hostname',
                 'filepath': '/etc/hostname', 'presigned_url': 'http://127.0.0.1:9/x',
                 'content_type': 'text/plain'})
    check_idle(client)
