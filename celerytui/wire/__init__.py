"""Between the brokers and the rest: events in, queue depths, purges; a folder for each broker.

`broker.Broker` is what a broker is, `registry` has them all, and `receiver.Receiver` keeps the one
reader connected and publishes what it reads. Celery and kombu are imported where they are used:
`import celerytui.wire` is cheap.
"""
