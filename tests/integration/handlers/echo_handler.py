# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does what the prompt says, for tests; each invocation in a thread of its own."""

import json
import os
import signal
import time
from pathlib import Path


def stream(text, invocation, sender):
    count = int(text)
    for number in range(1, count + 1):
        sender.send_assistant_message([f'message {number} of {count}'])
    return f'streamed {count} messages'


def slow(text, invocation, sender):
    time.sleep(int(text) / 1000)
    return f'slept {text} ms'


def wait(text, invocation, sender):
    if invocation.signal.wait(int(text) / 1000):
        raise RuntimeError('aborted')
    return f'waited {text} ms'


def report(text, invocation, sender):
    sender.send_error_message(text, {'source': 'echo_handler'})
    raise RuntimeError(text)


def crash(text, invocation, sender):
    os.kill(os.getpid(), signal.SIGKILL)


def hang(text, invocation, sender):
    while True:
        if text != 'busy':
            time.sleep(3600)


def write(text, invocation, sender):
    path, _, content = text.partition(':')
    Path(path).write_text(content)
    return f'wrote {path}'


ACTIONS = {
    'ECHO': lambda text, invocation, sender: text,
    'STREAM': stream,
    'SLOW': slow,
    'WAIT': wait,
    'ERROR': report,
    'CRASH': crash,
    'HANG': hang,
    'WRITE': write,
}


def run(invocation, sender):
    prompt = invocation.user_prompt.removeprefix('SAY:')
    if prompt != invocation.user_prompt:
        sender.send_assistant_message(['asked'])
    name, _, text = prompt.partition(':')
    if name == 'STRUCTURED':
        return {'type': 'structured_output', 'structured_output': json.loads(text),
                'metadata': {}}
    action = ACTIONS.get(name)
    answer = action(text, invocation, sender) if action else prompt
    return {'type': 'text', 'text': answer, 'metadata': {}}
