# SPDX-License-Identifier: LGPL-2.1-or-later
"""The published Python client makes real calls and notices no difference."""

import asyncio
import json

import pytest
from harness.processes import PATIENCE
from runtimeuse_client import (AgentRuntimeError, CancelledException, CommandInterface,
                               ExecuteCommandsOptions, QueryOptions, RuntimeUseClient,
                               StructuredOutputResult, TextResult)

# So that a call that hangs fails instead.
TIMEOUT = 20


def run(call):
    async def with_deadline():
        async with asyncio.timeout(2 * TIMEOUT * PATIENCE):
            return await call

    return asyncio.run(with_deadline())


def query_options(**options):
    return QueryOptions(**{'system_prompt': 'You are a test assistant.', 'model': 'echo',
                           'timeout': TIMEOUT * PATIENCE, **options})


def execute_options(**options):
    return ExecuteCommandsOptions(**{'timeout': TIMEOUT * PATIENCE, **options})


def query(server, prompt, **options):
    return run(RuntimeUseClient(server.url).query(prompt, query_options(**options)))


def execute(server, *texts, **options):
    """Run commands and return the results and the output messages."""
    chunks = []

    async def on_output(message):
        chunks.append(message)

    wanted = [CommandInterface(command=text) if isinstance(text, str) else text for text in texts]
    result = run(RuntimeUseClient(server.url).execute_commands(
        wanted, execute_options(on_command_output=on_output, **options)))
    return result.results, chunks


def joined(chunks, stream='stdout'):
    return ''.join(chunk.text for chunk in chunks if chunk.stream == stream)


def test_text(server):
    result = query(server, 'ECHO:hello')
    assert isinstance(result.data, TextResult)
    assert result.data.text == 'hello'
    assert result.metadata == {}


def test_text_of_all_planes(server):
    text = 'ä ✓ 😀 "quoted" \\ \t\n \x7f \u2028'
    assert query(server, 'ECHO:' + text).data.text == text


def test_prompt_comes_back(server):
    assert query(server, 'anything else').data.text == 'anything else'


def test_structured_output(server):
    result = query(server, 'STRUCTURED:{"answer": 42, "list": [1.5, null, "x"]}',
                   output_format_json_schema_str=json.dumps({'type': 'object'}))
    assert isinstance(result.data, StructuredOutputResult)
    assert result.data.structured_output == {'answer': 42, 'list': [1.5, None, 'x']}


def test_streaming(server):
    blocks = []

    async def on_assistant(message):
        blocks.extend(message.text_blocks)

    query(server, 'STREAM:500', on_assistant_message=on_assistant)
    assert blocks == [f'message {i} of 500' for i in range(1, 501)]


def test_slow_callbacks_lose_nothing(server):
    seen = []

    async def on_assistant(message):
        # The client stops reading while this runs.
        await asyncio.sleep(0.002)
        seen.extend(message.text_blocks)

    query(server, 'STREAM:200', on_assistant_message=on_assistant)
    assert len(seen) == 200


def test_error(server):
    with pytest.raises(AgentRuntimeError, match='something broke'):
        query(server, 'ERROR:something broke')


def test_all_members(server, tmp_path):
    chunks = []

    async def on_output(message):
        chunks.append(message)

    result = query(
        server, 'ECHO:done', source_id='src-2', agent_env={'A': '1'},
        secrets_to_redact=['s3cr3t'], on_command_output=on_output,
        pre_agent_invocation_commands=[
            CommandInterface(cwd=str(tmp_path), command='echo pre s3cr3t $K', env={'K': 'V'})],
        post_agent_invocation_commands=[CommandInterface(command='echo post >&2')])
    assert result.data.text == 'done'
    assert [(c.stream, c.text, c.command) for c in chunks] == [
        ('stdout', 'pre [REDACTED] V\n', 'echo pre [REDACTED] $K'),
        ('stderr', 'post\n', 'echo post >&2')]


def test_failing_pre_command(server):
    with pytest.raises(AgentRuntimeError, match='pre-agent command failed with exit code: 3'):
        query(server, 'ECHO:no', pre_agent_invocation_commands=[CommandInterface(command='exit 3')])


def test_failing_post_command(server):
    with pytest.raises(AgentRuntimeError, match='post-agent command failed with exit code: 4'):
        query(server, 'ECHO:no',
              post_agent_invocation_commands=[CommandInterface(command='exit 4')])


def test_commands(server):
    results, chunks = execute(server, 'echo out; echo err >&2', 'echo second')
    assert [(r.command, r.exit_code, r.stdout) for r in results] == [
        ('echo out; echo err >&2', 0, 'out\n'), ('echo second', 0, 'second\n')]
    assert joined(chunks) == 'out\nsecond\n'
    assert joined(chunks, 'stderr') == 'err\n'


def test_no_commands(server):
    results, chunks = execute(server)
    assert results == [] and chunks == []


def test_failing_command_is_a_result(server):
    results, _ = execute(server, 'echo before; exit 3', 'echo never')
    assert [(r.exit_code, r.stdout) for r in results] == [(3, 'before\n')]


def test_killed_command(server):
    results, _ = execute(server, 'kill -9 $$')
    assert results[0].exit_code == -1


def test_unknown_command(server):
    results, chunks = execute(server, 'no-such-program-anywhere')
    assert results[0].exit_code == 127
    assert 'no-such-program-anywhere' in joined(chunks, 'stderr')


def test_missing_folder_is_made(server, tmp_path):
    folder = tmp_path / 'a' / 'b'
    results, _ = execute(server, CommandInterface(command='pwd', cwd=str(folder)))
    assert results[0].stdout == f'{folder}\n'


def test_much_output(server):
    results, chunks = execute(server, 'seq 1 400000')
    assert joined(chunks) == ''.join(f'{i}\n' for i in range(1, 400001))
    assert results[0].exit_code == 0


def test_secrets(server):
    results, chunks = execute(server, 'echo a hunter22 b', secrets_to_redact=['hunter22'])
    assert results[0].stdout == 'a [REDACTED] b\n'
    assert results[0].command == 'echo a [REDACTED] b'
    assert joined(chunks) == 'a [REDACTED] b\n'


def test_cancel_query(server):
    async def scenario():
        client = RuntimeUseClient(server.url)
        seen = asyncio.Event()

        async def on_output(message):
            seen.set()

        call = asyncio.create_task(client.query('WAIT:60000', query_options(
            on_command_output=on_output,
            pre_agent_invocation_commands=[CommandInterface(command='echo started')])))
        await seen.wait()
        client.abort()
        with pytest.raises(CancelledException, match='Query was cancelled'):
            await call

    run(scenario())


def test_cancel_commands(server):
    async def scenario():
        client = RuntimeUseClient(server.url)

        async def on_output(message):
            client.abort()

        with pytest.raises(CancelledException, match='Command execution was cancelled'):
            await client.execute_commands([CommandInterface(command='echo started; sleep 60')],
                                          execute_options(on_command_output=on_output))

    run(scenario())


def test_timeout(server):
    with pytest.raises(TimeoutError):
        query(server, 'WAIT:60000', timeout=0.2)


def test_session_with_several_requests(server):
    async def scenario():
        async with RuntimeUseClient(server.url).session() as session:
            first = await session.query('ECHO:one', query_options())
            second = await session.execute_commands([CommandInterface(command='echo two')],
                                                    execute_options())
            third = await session.query('ECHO:three', query_options())
        return first.data.text, second.results[0].stdout, third.data.text

    assert run(scenario()) == ('one', 'two\n', 'three')


def test_session_without_requests(server):
    async def scenario():
        async with RuntimeUseClient(server.url).session():
            pass

    run(scenario())


def test_session_cancel_then_next(server):
    async def scenario():
        async with RuntimeUseClient(server.url).session() as session:
            async def on_output(message):
                session.abort()

            with pytest.raises(CancelledException):
                await session.query('WAIT:60000', query_options(
                    on_command_output=on_output,
                    pre_agent_invocation_commands=[CommandInterface(command='echo started')]))
            return (await session.query('ECHO:next', query_options())).data.text

    assert run(scenario()) == 'next'


def test_session_errors_do_not_leak(server):
    async def scenario():
        async with RuntimeUseClient(server.url).session() as session:
            for text in ('first', 'second'):
                with pytest.raises(AgentRuntimeError, match=text):
                    await session.query('ERROR:' + text, query_options())
            return (await session.query('ECHO:next', query_options())).data.text

    assert run(scenario()) == 'next'


def test_session_timeout_then_next(server):
    """An abandoned request goes on, and others are refused, until the session ends it."""
    async def scenario():
        async with RuntimeUseClient(server.url).session() as session:
            with pytest.raises(TimeoutError):
                await session.query('WAIT:60000', query_options(timeout=0.1))
            with pytest.raises(AgentRuntimeError, match='another is in flight'):
                await session.query('ECHO:refused', query_options())
            with pytest.raises(AgentRuntimeError, match='another is in flight'):
                await session.query('ECHO:refused too', query_options())

    run(scenario())


def test_many_sessions_at_once(server):
    async def one(number):
        async with RuntimeUseClient(server.url).session() as session:
            texts = []
            for turn in range(5):
                prompt = f'{number}.{turn}'
                texts.append((await session.query('ECHO:' + prompt, query_options())).data.text)
                result = await session.execute_commands(
                    [CommandInterface(command=f'echo {prompt}')], execute_options())
                texts.append(result.results[0].stdout.strip())
            return texts == [f'{number}.{turn}' for turn in range(5) for _ in range(2)]

    async def scenario():
        return await asyncio.gather(*(one(number) for number in range(20)))

    assert all(run(scenario()))


def test_result_over_the_limit_is_an_error(server):
    with pytest.raises(AgentRuntimeError) as caught:
        query(server, 'ECHO:' + 'x' * 1048577)
    assert 'No result message received' not in str(caught.value)
    assert '1,000,000' in str(caught.value) or '1000000' in str(caught.value)


def test_result_just_under_the_limit(server):
    text = 'x' * 999000
    assert query(server, 'ECHO:' + text).data.text == text
