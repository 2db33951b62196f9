"""Edits texts with Ansible's own lineinfile and blockinfile. JSON in: [{module, args, text}], JSON out: [text or error]."""

import json
import os
import sys
import tempfile

from ansible.modules import blockinfile, lineinfile

MODULES = {'lineinfile': lineinfile, 'blockinfile': blockinfile}


class Done(Exception):
    pass


class Failed(Exception):
    pass


class Stub:
    check_mode = False
    _diff = False

    def __init__(self, argument_spec, args):
        self.params = {'unsafe_writes': False}
        for name, spec in argument_spec.items():
            self.params[name] = args.get(name, spec.get('default'))

    def boolean(self, value):
        return bool(value)

    def warn(self, message):
        pass

    def exit_json(self, **result):
        raise Done()

    def fail_json(self, **result):
        raise Failed(result['msg'])


def edit(case, path):
    module = MODULES[case['module']]
    with open(path, 'wb') as file:
        file.write(case['text'].encode())

    def write(_, lines, dest):
        with open(path, 'wb') as file:
            file.write(lines if isinstance(lines, bytes) else b''.join(lines))

    module.AnsibleModule = lambda argument_spec, **_: Stub(argument_spec, {**case['args'], 'path': path})
    module.write_changes = write
    module.check_file_attrs = lambda _, changed, message, diff: (message, changed)
    try:
        module.main()
    except Done:
        with open(path, 'rb') as file:
            return {'text': file.read().decode()}
    except Failed as error:
        return {'error': str(error)}


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'text')
    json.dump([edit(case, path) for case in json.load(sys.stdin)], sys.stdout)
