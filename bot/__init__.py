"""The shell: it hears, lets the programme decide, stores that in one turn, and sends.

Everything that touches the outside world stands here, and parts meet only in `app`.
"""
