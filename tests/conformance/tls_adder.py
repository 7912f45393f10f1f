"""Takes connections in the clear and makes them to a TLS server, HTTP/2 agreed: for tools that
speak HTTP/2 without TLS only. What one side ends, the other side sees ended."""

import asyncio
import contextlib
import threading


class TlsAdder:
    """Runs on a thread of its own for as long as its `with`."""

    def __init__(self, server, context, name="localhost"):
        self.server, self.context, self.name = server, context, name
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)

    def __enter__(self):
        self.thread.start()
        serving = asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=1024)
        self.listener = self._run(serving)
        self.port = self.listener.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        self._run(self._end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def _end(self):
        self.listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.CancelledError):
            there = await asyncio.open_connection(
                "127.0.0.1", self.server, ssl=self.context, server_hostname=self.name
            )
            assert there[1].get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
            passing = [self._pass(reader, there[1]), self._pass(there[0], writer)]
            passing = [asyncio.ensure_future(one) for one in passing]
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            # TLS cannot be ended one way only, so whoever ends first ends both.
            for one in passing:
                one.cancel()
            there[1].close()
        writer.close()

    @staticmethod
    async def _pass(reader, writer):
        with contextlib.suppress(OSError):
            while part := await reader.read(65536):
                writer.write(part)
                await writer.drain()
