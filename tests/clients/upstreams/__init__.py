"""Two scripted providers that speak the real wire forms of OpenAI's and Anthropic's APIs."""
