-- A realistic chat call for wrk. The key and the model come from the environment.
local body = os.getenv("BENCH_BODY")
local file = assert(io.open(body, "r"))
wrk.method = "POST"
wrk.body = file:read("*a"):gsub('"model":"bench"', '"model":"' .. os.getenv("BENCH_MODEL") .. '"', 1)
file:close()
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer " .. os.getenv("BENCH_KEY")
wrk.headers["user-agent"] = "OpenAI/Python 3.54.0"
wrk.headers["accept"] = "application/json"

function done(summary, latency, requests)
    io.write(string.format(
        "RESULT %d %d %d %d\n",
        summary.requests, summary.duration, summary.errors.status,
        summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    ))
    io.write(string.format("LATENCY %d %d\n", latency:percentile(50), latency:percentile(99)))
end
