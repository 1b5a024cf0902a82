# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages as the published Python client writes them."""

TERMINALS = {'result_message', 'command_execution_result_message', 'error_message'}
CANCEL = {'message_type': 'cancel_message'}
END_SESSION = {'message_type': 'end_session_message'}
BUSY = 'Received request while another is in flight!'
CANCELLED = {'message_type': 'error_message', 'error': 'Request cancelled', 'metadata': {}}


def command(text, cwd=None, env=None):
    return {'cwd': cwd, 'command': text, 'env': env}


def commands(*texts, **members):
    return {
        'message_type': 'command_execution_message',
        'source_id': None,
        'secrets_to_redact': [],
        'commands': [command(text) if isinstance(text, str) else text for text in texts],
        'artifacts_dirs': None,
        'artifacts_ignore_content': None,
        'pre_execution_downloadables': None,
        **members,
    }


def invocation(prompt, **members):
    return {
        'message_type': 'invocation_message',
        'source_id': None,
        'system_prompt': 'You are a test assistant.',
        'user_prompt': prompt,
        'agent_env': None,
        'output_format_json_schema_str': None,
        'secrets_to_redact': [],
        'artifacts_dirs': None,
        'artifacts_ignore_content': None,
        'pre_agent_invocation_commands': None,
        'post_agent_invocation_commands': None,
        'model': 'echo',
        'pre_agent_downloadables': None,
        **members,
    }


def output(messages, stream='stdout'):
    """Join what the commands printed."""
    return ''.join(message['text'] for message in messages
                   if message['message_type'] == 'command_output_message'
                   and message['stream'] == stream)


def text_of(message):
    assert message['message_type'] == 'result_message', message
    assert message['data']['type'] == 'text', message
    return message['data']['text']
