"""Databases come as JSON from $PROJECT_DATABASES; one named `results` has the results alone."""

import json
import os

import pymysql

# Django asks for a version of mysqlclient.
pymysql.version_info = (2, 2, 7, "final", 0)
pymysql.install_as_MySQLdb()

SECRET_KEY = "not-a-secret-of-anybody"
USE_TZ = os.environ.get("PROJECT_USE_TZ") != "no"
TIME_ZONE = "Asia/Kolkata"
INSTALLED_APPS = ["django_celery_results", "celerytui", "tests.integration.django_project"]
DATABASES = json.loads(os.environ["PROJECT_DATABASES"])
DATABASE_ROUTERS = ["tests.integration.django_project.routers.Router"]
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_BROKER_URL = os.environ.get("PROJECT_BROKER", "redis://127.0.0.1:1/0")
CELERY_TASK_ALWAYS_EAGER = "PROJECT_BROKER" not in os.environ
CELERY_TASK_STORE_EAGER_RESULT = True
CELERY_TASK_TRACK_STARTED = True
CELERY_RESULT_SERIALIZER = os.environ.get("PROJECT_SERIALIZER", "json")
