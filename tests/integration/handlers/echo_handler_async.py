# SPDX-License-Identifier: LGPL-2.1-or-later
"""The echo handler in an event loop that all invocations share."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import echo_handler  # noqa: E402


async def stream(text, invocation, sender):
    count = int(text)
    for number in range(1, count + 1):
        await sender.send_assistant_message([f'message {number} of {count}'])
    return f'streamed {count} messages'


async def slow(text, invocation, sender):
    left = asyncio.ensure_future(asyncio.sleep(int(text) / 1000))
    while not left.done():
        try:
            await asyncio.shield(left)
        except asyncio.CancelledError:
            pass
    return f'slept {text} ms'


async def wait(text, invocation, sender):
    await asyncio.sleep(int(text) / 1000)
    return f'waited {text} ms'


async def hang(text, invocation, sender):
    while True:
        try:
            while text == 'busy':
                pass
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass


ACTIONS = {'STREAM': stream, 'SLOW': slow, 'WAIT': wait, 'HANG': hang}


class EchoHandler:
    async def run(self, invocation, sender):
        prompt = invocation.user_prompt.removeprefix('SAY:')
        name, _, text = prompt.partition(':')
        if name not in ACTIONS:
            return echo_handler.run(invocation, sender)
        if prompt != invocation.user_prompt:
            await sender.send_assistant_message(['asked'])
        return {'type': 'text', 'text': await ACTIONS[name](text, invocation, sender),
                'metadata': {}}


handler = EchoHandler()
