# SPDX-License-Identifier: LGPL-2.1-or-later
"""An agent in Python: looks into the folders that the prompt names, one per line.

Usage: runtimeuse --handler examples/handler.py

Without the words async and await this works as well: then each invocation has a
thread of its own, and looks at invocation.signal to see whether it is cancelled.
"""

import asyncio


async def list_folder(name):
    process = await asyncio.create_subprocess_exec(
        'ls', '-A', '--', name, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    try:
        output, errors = await process.communicate()
    finally:
        # Cancelled: nothing may be left behind.
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        # The text of an exception is the answer to the client.
        raise ValueError(errors.decode(errors='replace').strip())
    return output.decode(errors='replace').splitlines()


async def run(invocation, sender):
    """Called once for each invocation, with any number of them at once."""
    names = [line.strip() for line in invocation.user_prompt.splitlines() if line.strip()]
    counts = {}

    for name in names or ['.']:
        entries = await list_folder(name)
        counts[name] = len(entries)
        invocation.logger.debug('%s starts with %r', name, entries[:3])
        # Waits while the client reads more slowly than we speak.
        await sender.send_assistant_message([f'{name}: {len(entries)} entries'])

    # The client has asked for an object when it has sent a schema.
    if invocation.output_format is not None:
        return {'type': 'structured_output', 'structured_output': {'entries': counts}}
    return {'type': 'text', 'text': f'{sum(counts.values())} entries in {len(counts)} folders'}
