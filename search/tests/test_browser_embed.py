"""The search by photo in a page of another origin."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db


def test_a_page_of_another_origin_searches_by_photo_with_one_tag(visit, photo, shop_server):
    shop = shop_server[0]
    page_of_a_shop = f"""<!doctype html><html lang="de"><meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src {shop}; form-action {shop}">
        <p><script src="{shop}/embed.js"></script></p></html>""".encode()

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page_of_a_shop)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        page = visit("/privacy/")
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.get_by_label("Mit Foto suchen").set_input_files(photo)
        page.wait_for_url(re.compile(rf"{shop}/search/[0-9a-f-]{{36}}/"))
        expect(page.locator(".card .name").first).to_have_text("The mug")
    finally:
        server.shutdown()
        server.server_close()
