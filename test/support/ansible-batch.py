"""Runs many Ansible commands in one interpreter: imports once, forks for each. JSON in, JSON out.

Each job is {"folder", "words": [program, word, ...]}; each answer {"status", "stdout", "stderr"}.
"""

import json
import os
import sys
import tempfile

import ansible.cli.adhoc
import ansible.cli.inventory

PROGRAMS = {'ansible': ansible.cli.adhoc, 'ansible-inventory': ansible.cli.inventory}


def start(job):
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    child = os.fork()
    if child == 0:
        status = 250
        try:
            os.chdir(job['folder'])
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            PROGRAMS[job['words'][0]].main(job['words'])
            status = 0
        except SystemExit as exit:
            status = exit.code or 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return child, out, err


def text_of(file):
    file.seek(0)
    return file.read().decode()


def finish(child, out, err):
    _, status = os.waitpid(child, 0)
    return {'status': os.waitstatus_to_exitcode(status), 'stdout': text_of(out), 'stderr': text_of(err)}


def run(jobs):
    at_once = os.cpu_count() or 1
    answers, running = [], []
    for job in jobs:
        if len(running) >= at_once:
            answers.append(finish(*running.pop(0)))
        running.append(start(job))
    return answers + [finish(*started) for started in running]


json.dump(run(json.load(sys.stdin)), sys.stdout)
