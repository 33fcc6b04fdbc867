"""The settings come from the environment: .env, through compose."""
import os

BOT_NAME = "quotes"
SPIDER_MODULES = ["quotes.spiders"]
REDIS_URL = os.environ["REDIS_URL"]
ACCOUNTPOOL_URL = os.environ["ACCOUNTPOOL_URL"]
PROXYPOOL_URL = os.environ["PROXYPOOL_URL"]
ITEM_PIPELINES = {"quotes.pipelines.RedisPipeline": 300}
RETRY_TIMES = 10
REQUEST_FINGERPRINTER_IMPLEMENTATION = "2.7"
