"""The rules of Python and Ansible that inventory sources are read by, for many inputs at once. JSON in, JSON out."""

import ast
import json
import re
import shlex
import sys
import warnings
from fnmatch import translate

from ansible.parsing.utils.addresses import parse_address
from ansible.plugins.inventory import expand_hostname_range

warnings.simplefilter('ignore')


def coerce(value):
    if isinstance(value, (list, tuple, set)):
        return [coerce(item) for item in value]
    if isinstance(value, dict):
        return {key: coerce(item) for key, item in value.items()}
    if isinstance(value, int) and abs(value) > 2**53 - 1:
        return str(value)  # Python's integers have no limit; ours stay text beyond it.
    if value is ...:
        return '...'
    if isinstance(value, bytes):
        return value.decode('utf-8', errors='surrogateescape')
    return value


def literal(text):
    try:
        value = coerce(ast.literal_eval(text))
        return 'INFINITE' if 'Infinity' in json.dumps(value) else value
    except (ValueError, SyntaxError):
        return text


def words(text):
    try:
        return shlex.split(text, comments=True)
    except ValueError as problem:
        return str(problem)


def names(text):
    try:
        return expand_hostname_range(text) if '[' in text else [text]
    except Exception:
        return None


def address(text):
    try:
        return parse_address(text, allow_ranges=True)
    except Exception:
        return None


def glob(text):
    pattern, name = text.split(' ')
    return re.match(translate(pattern), name) is not None


RULES = {'literal': literal, 'words': words, 'names': names, 'address': address, 'glob': glob}
json.dump({rule: [RULES[rule](text) for text in texts] for rule, texts in json.load(sys.stdin).items()}, sys.stdout)
