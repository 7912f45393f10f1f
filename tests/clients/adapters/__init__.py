"""What the tests ask of every client, in each client's own words.

An adapter is a class with a method for each feature that its client has. A method takes the task
that `tasks.py` makes and returns a plain dictionary of what the library gave back:

    chat             text, finish, usage        stream           text, pieces, usage
    tools            name, arguments, text      tools_streamed   name, arguments, text
    schema           object                     image            text
    embeddings       vectors, tokens            errors           types, status, message
    broken           text, message              cancel           pieces

Usage is a list: tokens of the whole prompt, those of them from a cache, and tokens of the answer.
"""
