"""instructor: objects out of both SDKs, by tools and by JSON schema."""

import instructor
from instructor.v2.core.errors import InstructorRetryException

from . import anthropic_sdk, openai_sdk
from .openai_sdk import Place


class Instructor:
    """An object by a forced tool, whole and as it grows."""

    def ask(self, task, **options):
        messages = [{"role": "system", "content": task.system}]
        messages += [{"role": "user", "content": task.text}]
        asked = {"model": task.model, "max_tokens": 64, "max_retries": 1} | options
        return self.connect(task), {"messages": messages, **asked}

    def schema(self, task):
        client, asked = self.ask(task)
        return {"object": client.create(response_model=Place, **asked).model_dump()}

    def stream(self, task):
        client, asked = self.ask(task)
        grown = list(client.create_partial(response_model=Place, **asked))
        return {"object": grown[-1].model_dump(), "pieces": len(grown)}

    def errors(self, task):
        client, asked = self.ask(task)
        try:
            client.create(response_model=Place, **asked)
        except InstructorRetryException as error:
            told = self.failure(error.__cause__)
            return {**told, "status": error.__cause__.status_code}


class OpenAi(Instructor):
    """`instructor.from_openai`."""

    failure = staticmethod(openai_sdk.failure)

    def connect(self, task):
        return instructor.from_openai(openai_sdk.connect(task))


class Anthropic(Instructor):
    """`instructor.from_anthropic`."""

    failure = staticmethod(anthropic_sdk.failure)

    def connect(self, task):
        return instructor.from_anthropic(anthropic_sdk.connect(task))
