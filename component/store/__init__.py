"""All that is kept: conversations, messages, and what goes with them.

``api`` is the only door: nobody outside imports anything else. Inside, imports go one way: ``schema`` has the tables
and ``changes`` what can be asked to be written; ``records`` are small things with a table each; ``full_text`` are the
words of messages; ``archive`` reads messages, ``write`` writes them, ``retention`` removes them. What runs is plain
functions of a connection.
"""
