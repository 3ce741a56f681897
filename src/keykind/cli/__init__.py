"""The command line, one module per verb.

A verb's module has `HELP`, one line; `add_options(parser)`; and `run(options)`, which imports the libraries
it needs and returns the exit status. To add a verb, write its module and add its name to `VERBS` in main.py.
"""
