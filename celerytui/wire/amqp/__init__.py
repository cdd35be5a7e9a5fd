"""RabbitMQ, and what else speaks AMQP 0-9-1."""
