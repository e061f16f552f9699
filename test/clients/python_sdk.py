"""Calls a server with Anthropic's Python SDK, which here checks every answer and every event against its types.

Usage: python_sdk.py BASE_URL. Prints one JSON object: what each check saw, or how it failed.
"""

import asyncio
import json
import sys
import traceback

import anthropic
from pydantic import BaseModel

BASE_URL = sys.argv[1]
OPTIONS = {"base_url": BASE_URL, "api_key": "fake", "_strict_response_validation": True}
MODEL = "big"

client = anthropic.Anthropic(**OPTIONS)
impatient = anthropic.Anthropic(**OPTIONS, max_retries=0)

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "Tells the weather of a city.", "input_schema": CITY}


def ask(*turns):
    """A request whose answers are these turns of the demo upstream."""
    script = f"Play this.\n```demo\n{json.dumps(turns)}\n```"
    return {"model": MODEL, "max_tokens": 4000, "messages": [{"role": "user", "content": script}]}


def weather_in(city):
    return {"tool": "weather", "input": {"city": city}, "pieces": 3}


RICH_TURN = [
    {"reasoning": ["Let me ", "think."]},
    {"text": ["Hello, ", "world."]},
    {"tools": [weather_in("Paris"), weather_in("Oslo")]},
]


def create():
    return client.messages.create(**ask(RICH_TURN), tools=[WEATHER]).to_dict(mode="json")


def stream():
    with client.messages.stream(**ask(RICH_TURN), tools=[WEATHER]) as events:
        types = [event.type for event in events]
        return {"types": types, "message": events.get_final_message().to_dict(mode="json")}


def create_and_stream_asynchronously():
    async def both():
        async with anthropic.AsyncAnthropic(**OPTIONS) as asynchronous:
            message = await asynchronous.messages.create(**ask([{"text": "Hello."}]))
            async with asynchronous.messages.stream(**ask([{"text": ["Hel", "lo."]}])) as events:
                return [message.content[0].text, await events.get_final_text()]

    return asyncio.run(both())


def run_tools():
    asked = []

    @anthropic.beta_tool
    def weather(city: str) -> str:
        """Tells the weather of a city."""
        asked.append(city)
        return f"{city}: sunny"

    runner = client.beta.messages.tool_runner(
        **ask(
            [{"reasoning": "Two.", "signature": "signature-1"}, {"tools": [weather_in("Paris"), weather_in("Oslo")]}],
            [{"expect": {"contains": "Paris: sunny"}}, weather_in("Rome")],
            [{"expect": {"contains": "signature-1"}}, {"text": "At last, {{last_tool_result}}"}],
        ),
        tools=[weather],
    )
    return {"asked": asked, "text": runner.until_done().content[0].text}


class City(BaseModel):
    city: str
    people: int


def parse():
    answer = [{"expect": {"contains": "json_schema"}}, {"text": '{"city":"Paris","people":2}'}]
    return client.messages.parse(**ask(answer), output_format=City).parsed_output.model_dump()


def count_tokens():
    messages = [{"role": "user", "content": "How many tokens are these?"}]
    few = client.messages.count_tokens(model=MODEL, messages=messages)
    more = client.messages.count_tokens(model=MODEL, messages=messages, tools=[WEATHER])
    return [few.input_tokens, more.input_tokens]


def list_models():
    whole = [model.id for model in client.models.list(limit=1000).data]
    paged = [model.id for model in client.models.list(limit=3)]
    return {"whole": whole, "paged": paged, "one": client.models.retrieve("anthropic/claude-sonnet-4").id}


def meet_errors():
    def meet(status):
        try:
            impatient.messages.create(**ask([{"error": {"status": status, "message": "No."}}]))
        except anthropic.APIStatusError as error:
            has_id = (error.request_id or "").startswith("req_")
            return [type(error).__name__, error.status_code, error.body["error"]["type"], has_id]

    return [meet(status) for status in (400, 403, 429, 500, 529)]


def meet_error_in_stream():
    texts = []
    try:
        turn = [{"text": "It breaks"}, {"error": {"status": 502, "message": "Provider disconnected"}}]
        with impatient.messages.stream(**ask(turn)) as events:
            texts.extend(events.text_stream)
    except anthropic.APIStatusError as error:
        return {"texts": texts, "type": error.body["error"]["type"]}


def try_again():
    turn = [{"error": {"status": 529, "message": "Overloaded", "times": 1}}, {"text": "It works again."}]
    return client.messages.create(**ask(turn)).content[0].text


CHECKS = [
    create,
    stream,
    create_and_stream_asynchronously,
    run_tools,
    parse,
    count_tokens,
    list_models,
    meet_errors,
    meet_error_in_stream,
    try_again,
]


def run(check):
    try:
        return check()
    except Exception:
        return {"failure": traceback.format_exc()}


print(json.dumps({check.__name__: run(check) for check in CHECKS}))
