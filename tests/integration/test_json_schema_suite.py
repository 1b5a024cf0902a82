# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test suite of JSON Schema, for what we support of it; the rest is listed here."""

import json
import os
import pathlib
import subprocess

import pytest

SUITE = pathlib.Path(os.environ['RUNTIMEUSE_TEST_JSON_SCHEMA_SUITE']) / 'tests'
CHECKER = os.environ['RUNTIMEUSE_TEST_JSON_SCHEMA_CHECKER']

# The schemas of the suite take the dialect for granted.
DRAFTS = {
    'draft7': 'http://json-schema.org/draft-07/schema#',
    'draft2020-12': 'https://json-schema.org/draft/2020-12/schema',
}

# What we say of schemas that we do not support.
REMOTE = 'nothing is fetched'
IDENTITY = 'identity of its own inside another'
UNEVALUATED = 'unevaluated'

# Files about what we do not support: each schema in them is refused, or works.
REFUSED_FILES = {
    'draft7/optional/cross-draft.json': (REMOTE,),
    'draft7/refRemote.json': (REMOTE, IDENTITY),
    'draft2020-12/dynamicRef.json': ('$dynamicRef is not', UNEVALUATED, REMOTE, IDENTITY),
    'draft2020-12/optional/cross-draft.json': (REMOTE,),
    'draft2020-12/optional/dynamicRef.json': (IDENTITY,),
    'draft2020-12/refRemote.json': (REMOTE, IDENTITY),
    'draft2020-12/unevaluatedItems.json': ('unevaluatedItems is not', IDENTITY),
    'draft2020-12/unevaluatedProperties.json': ('unevaluatedProperties is not', IDENTITY),
}

# Schemas that are refused in the other files.
REFUSED = {
    'draft7/definitions.json': {
        'validate definition against metaschema': REMOTE,
    },
    'draft7/optional/id.json': {
        'id inside an enum is not a real identifier': IDENTITY,
    },
    'draft7/optional/unknownKeyword.json': {
        '$id inside an unknown keyword is not a real identifier': IDENTITY,
    },
    'draft7/ref.json': {
        '$ref prevents a sibling $id from changing the base uri': IDENTITY,
        'remote ref, containing refs itself': REMOTE,
        'Recursive references between schemas': IDENTITY,
        'Location-independent identifier with base URI change in subschema': IDENTITY,
        'refs with relative uris and defs': IDENTITY,
        'relative refs with absolute uris and defs': IDENTITY,
        '$id must be resolved against nearest parent, not just immediate parent': IDENTITY,
        'ref to if': IDENTITY,
        'ref to then': IDENTITY,
        'ref to else': IDENTITY,
        'ref with absolute-path-reference': IDENTITY,
    },
    'draft2020-12/anchor.json': {
        'Location-independent identifier with absolute URI': IDENTITY,
        'Location-independent identifier with base URI change in subschema': IDENTITY,
        'same $anchor with different base uri': IDENTITY,
    },
    'draft2020-12/defs.json': {
        'validate definition against metaschema': REMOTE,
    },
    'draft2020-12/not.json': {
        "collect annotations inside a 'not', even if collection is disabled": UNEVALUATED,
    },
    'draft2020-12/optional/id.json': {
        '$id inside an enum is not a real identifier': IDENTITY,
    },
    'draft2020-12/optional/unknownKeyword.json': {
        '$id inside an unknown keyword is not a real identifier': IDENTITY,
    },
    'draft2020-12/ref.json': {
        'remote ref, containing refs itself': REMOTE,
        'Recursive references between schemas': IDENTITY,
        'ref creates new scope when adjacent to keywords': UNEVALUATED,
        'refs with relative uris and defs': IDENTITY,
        'relative refs with absolute uris and defs': IDENTITY,
        '$id must be resolved against nearest parent, not just immediate parent': IDENTITY,
        'order of evaluation: $id and $ref': IDENTITY,
        'order of evaluation: $id and $anchor and $ref': IDENTITY,
        'URN ref with nested pointer ref': IDENTITY,
        'ref to if': IDENTITY,
        'ref to then': IDENTITY,
        'ref to else': IDENTITY,
        'ref with absolute-path-reference': IDENTITY,
    },
}

# Not run at all, whole files or the schemas that are named.
NOT_RUN = {
    # "format" has no effect, as the standard allows.
    'draft7/optional/format': None,
    'draft2020-12/optional/format': None,
    'draft2020-12/optional/format-assertion.json': None,
    # Neither have the words for what a text contains.
    'draft7/optional/content.json': None,
    # A dialect of one's own that leaves out words; they have their effect all the same.
    'draft2020-12/vocabulary.json': None,
    # JsonNode cannot hold NUL, and the parser says so.
    'draft7/const.json': {'nul characters in strings'},
    'draft7/enum.json': {'nul characters in strings'},
    'draft2020-12/const.json': {'nul characters in strings'},
    'draft2020-12/enum.json': {'nul characters in strings'},
}


def list_files():
    paths = [path for draft in DRAFTS for path in (SUITE / draft).rglob('*.json')]
    files = [path.relative_to(SUITE) for path in paths]
    return sorted(path.as_posix() for path in files
                  if not {path.as_posix(), path.parent.as_posix()} & whole_files())


def whole_files():
    return {name for name, groups in NOT_RUN.items() if groups is None}


def load(name):
    groups = json.loads((SUITE / name).read_text(encoding='utf-8'))
    return [group for group in groups if group['description'] not in (NOT_RUN.get(name) or ())]


def with_dialect(schema, draft):
    return {'$schema': DRAFTS[draft], **schema} if isinstance(schema, dict) else schema


def run(name, groups):
    """Give for each group why its schema is refused, or what is wrong with each value."""
    draft = name.split('/')[0]
    lines = [json.dumps({'schema': with_dialect(group['schema'], draft),
                         'values': [test['data'] for test in group['tests']]}) + '\n'
             for group in groups]
    done = subprocess.run([CHECKER], input=''.join(lines), capture_output=True, timeout=60,
                          encoding='utf-8', check=False)
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.split('\n')[:-1]]
    assert len(results) == len(groups)
    return results


def faults_of(group, results):
    for test, fault in zip(group['tests'], results, strict=True):
        if (fault is None) != test['valid']:
            expected = 'valid' if test['valid'] else 'not valid'
            yield (f'{group["description"]}: {test["description"]}: '
                   f'must be {expected}, but we say: {fault}')


@pytest.mark.parametrize('name', list_files())
def test_file(name):
    groups = load(name)
    refused = REFUSED.get(name, {})
    faults = []
    for group, results in zip(groups, run(name, groups), strict=True):
        description = group['description']
        if isinstance(results, list) and description not in refused:
            faults += faults_of(group, results)
        elif isinstance(results, list):
            faults.append(f'{description}: should be refused')
        elif not any(words in results for words in
                     [refused.get(description, 'never'), *REFUSED_FILES.get(name, ())]):
            faults.append(f'{description}: {results}')
    assert not faults, '\n'.join(faults)


def test_lists():
    """What is listed here is in the suite, and so is what it was made for."""
    for name in [*REFUSED_FILES, *REFUSED, *NOT_RUN]:
        assert (SUITE / name).exists(), name
    for name, groups in [*REFUSED.items(), *NOT_RUN.items()]:
        there = {group['description'] for group in json.loads((SUITE / name).read_text())} \
            if groups else set()
        assert set(groups or ()) <= there, name
    assert len(list_files()) > 90
