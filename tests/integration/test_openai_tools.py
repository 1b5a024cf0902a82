# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shell that the agent openai offers to a model."""

import pytest
from harness.messages import output
# Fixtures among them.
from harness.openai_agent import (KEY, ask, error_of, responses_server, result_of, said, server,
                                  start_service)
from harness.openai_mock import answer, message, reasoning, shell_call


def test_shell(mock, server):
    mock.answers = [
        answer(reasoning(), message('Running.'),
               shell_call('echo hi; echo oops >&2; exit 3', 'pwd', call_id='call_4')),
        answer(message('Done.', 'msg_2'))]
    messages = ask(server)
    assert said(messages) == ['Running.', 'Done.'] and result_of(messages)['text'] == 'Done.'
    assert output(messages) == f'hi\n{server.work}\n' and output(messages, 'stderr') == 'oops\n'
    assert {m['command'] for m in messages if m['message_type'] == 'command_output_message'} == {
        'echo hi; echo oops >&2; exit 3', 'pwd'}

    first, second = mock.bodies()
    assert {name: value for name, value in second.items() if name != 'input'} == {
        name: value for name, value in first.items() if name != 'input'}
    assert second['input'] == [
        *first['input'], reasoning(), message('Running.'),
        shell_call('echo hi; echo oops >&2; exit 3', 'pwd', call_id='call_4'),
        {'type': 'shell_call_output', 'call_id': 'call_4', 'output': [
            {'stdout': 'hi\n', 'stderr': 'oops\n', 'outcome': {'type': 'exit', 'exit_code': 3}},
            {'stdout': f'{server.work}\n', 'stderr': '',
             'outcome': {'type': 'exit', 'exit_code': 0}}]}]


def outputs(mock, index=1):
    return mock.bodies()[index]['input'][-1]['output']


def test_several_calls_in_one_answer(mock, server):
    mock.answers = [answer(shell_call('echo 1', call_id='a'), shell_call('echo 2', call_id='b')),
                    answer(message('Done.'))]
    assert output(ask(server)) == '1\n2\n'
    assert [item['call_id'] for item in mock.bodies()[1]['input'][-2:]] == ['a', 'b']


@pytest.mark.parametrize('limit', [2000, 2000.0])
def test_timeout_of_a_command(mock, server, limit):
    """The model is told, and what the command started is gone."""
    mock.answers = [answer(shell_call('echo before; sleep 1000 & sleep 1000', timeout_ms=limit)),
                    answer(message('Done.'))]
    assert result_of(ask(server))['text'] == 'Done.'
    assert outputs(mock) == [{'stdout': 'before\n', 'stderr': '', 'outcome': {'type': 'timeout'}}]


def test_timeout_of_the_session(mock, start_server):
    server = start_service(start_server, mock, '--limit', 'command-timeout=1')
    mock.answers = [answer(shell_call('echo before; sleep 1000')), answer(message('Done.'))]
    assert result_of(ask(server))['text'] == 'Done.'
    assert outputs(mock) == [{'stdout': 'before\n', 'stderr': '', 'outcome': {'type': 'timeout'}}]


def test_killed_command(mock, server):
    mock.answers = [answer(shell_call('kill -9 $$')), answer(message('Done.'))]
    ask(server)
    assert outputs(mock)[0]['outcome'] == {'type': 'exit', 'exit_code': 137}


def test_max_output_length(mock, server):
    mock.answers = [answer(shell_call('seq 1000', max_output_length=20)), answer(message('Done.'))]
    messages = ask(server)
    assert output(messages) == ''.join(f'{i}\n' for i in range(1, 1001))
    text = outputs(mock)[0]['stdout']
    assert text.startswith('1\n2\n3\n4\n5\n\n…') and text.endswith('…\n\n999\n1000\n')
    assert mock.bodies()[1]['input'][-1]['max_output_length'] == 20


def test_large_output_is_cut_for_the_model_only(mock, server):
    mock.answers = [answer(shell_call('head -c 3000000 /dev/zero | tr "\\0" x')),
                    answer(message('Done.'))]
    messages = ask(server)
    assert len(output(messages)) == 3000000
    assert 1048576 <= len(outputs(mock)[0]['stdout']) < 1048576 + 100


@pytest.mark.parametrize('call, words', [
    ({'commands': []}, 'no commands'), ({'commands': 'ls'}, 'no list'),
    ({'commands': [3]}, 'no text'), ({'commands': ['']}, 'empty')])
def test_call_that_makes_no_sense(mock, server, call, words):
    mock.answers = [answer({**shell_call('x'), 'action': call})]
    assert words in error_of(ask(server))['error']


@pytest.mark.parametrize('item, name', [
    ({'type': 'function_call', 'call_id': 'c', 'name': 'weather', 'arguments': '{}'}, 'weather'),
    ({'type': 'local_shell_call', 'call_id': 'c', 'action': {}}, 'local_shell_call')])
def test_tool_that_was_not_offered(mock, server, item, name):
    mock.answers = [answer(item)]
    assert f'"{name}", which it was not given' in error_of(ask(server))['error']
    assert len(mock.requests) == 1


def test_key_does_not_reach_commands(mock, server):
    mock.answers = [answer(shell_call('echo "key:$OPENAI_API_KEY"; echo "url:$OPENAI_BASE_URL"')),
                    answer(message('Done.'))]
    assert output(ask(server)) == f'key:\nurl:{mock.url}\n'


def test_variables_of_the_request_reach_commands(mock, server):
    mock.answers = [answer(shell_call('echo "$WORD"; test "$OPENAI_API_KEY" = sk-mine && echo ok')),
                    answer(message('Done.'))]
    messages = ask(server, agent_env={'WORD': 'w', 'OPENAI_API_KEY': 'sk-mine'})
    assert output(messages) == 'w\nok\n'


def test_keys_for_tools(mock, start_server):
    server = start_service(start_server, mock, '--keys-for-tools')
    mock.answers = [answer(shell_call('echo "key:$OPENAI_API_KEY"')), answer(message('Done.'))]
    messages = ask(server)
    assert output(messages) == 'key:[REDACTED]\n'
    assert outputs(mock)[0]['stdout'] == 'key:[REDACTED]\n'


def test_key_is_hidden_from_commands_of_the_request_too(mock, server):
    mock.answers = [answer(message(f'The key is {KEY}.'))]
    messages = ask(server, pre_agent_invocation_commands=[
        {'command': 'echo "$OPENAI_API_KEY"', 'cwd': None, 'env': None}])
    assert output(messages) == '[REDACTED]\n'
    assert result_of(messages)['text'] == 'The key is [REDACTED].'
