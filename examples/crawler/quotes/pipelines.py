"""Each item becomes an entry of the list quotes:items."""
import json

import redis


class RedisPipeline:
    def open_spider(self, spider):
        self.redis = redis.from_url(spider.settings["REDIS_URL"])

    def process_item(self, item, spider):
        self.redis.rpush("quotes:items", json.dumps(dict(item)))
        return item
