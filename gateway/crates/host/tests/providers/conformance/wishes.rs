//! What a client can wish for, one thing at a time.

/// A request that differs from the plain one by one wish.
pub(super) struct Wish {
    /// What a refusal or the list of dropped parameters names: one of these, or something inside.
    pub(super) params: &'static [&'static str],
    /// Members of the request, as JSON without the braces.
    pub(super) members: &'static str,
    /// What upstream must be told if the wish is carried.
    pub(super) marks: &'static [&'static str],
}

const fn wish(
    params: &'static [&'static str],
    members: &'static str,
    marks: &'static [&'static str],
) -> Wish {
    Wish { params, members, marks }
}

/// The plain request's messages.
pub(super) const PLAIN: &str = r#""messages":[{"role":"user","content":"hi"}]"#;

/// A tool, and the marks that it has to leave.
const TOOL: &str = r#""tools":[{"type":"function","function":{"name":"mark_tool",
    "description":"mark-description","parameters":{"type":"object","properties":
    {"mark_property":{"type":"string"}}}}}]"#;

/// Parameters: each is carried, or named.
pub(super) const PARAMETERS: &[Wish] = &[
    wish(&["temperature"], r#""temperature":0.125"#, &["0.125"]),
    wish(&["top_p"], r#""top_p":0.375"#, &["0.375"]),
    wish(&["seed"], r#""seed":918273"#, &["918273"]),
    wish(&["stop"], r#""stop":["mark-stop","mark-end"]"#, &["mark-stop", "mark-end"]),
    wish(&["stop"], r#""stop":"mark-stop""#, &["mark-stop"]),
    wish(&["user"], r#""user":"mark-user""#, &["mark-user"]),
    wish(&["presence_penalty"], r#""presence_penalty":0.625"#, &["0.625"]),
    wish(&["frequency_penalty"], r#""frequency_penalty":0.875"#, &["0.875"]),
    wish(&["n"], r#""n":7"#, &[":7"]),
    wish(&["logprobs", "top_logprobs"], r#""logprobs":true,"top_logprobs":4"#, &[":4"]),
    wish(&["logit_bias"], r#""logit_bias":{"918":5}"#, &["918"]),
    wish(&["reasoning_effort"], r#""reasoning_effort":"high""#, &[]),
    wish(&["reasoning_effort"], r#""reasoning_effort":"minimal""#, &[]),
    wish(&["service_tier"], r#""service_tier":"flex""#, &[]),
    wish(&["store"], r#""store":true"#, &[]),
    wish(
        &["modalities", "audio"],
        r#""modalities":["text","audio"],"audio":{"voice":"alloy"}"#,
        &[],
    ),
    wish(&["prediction"], r#""prediction":{"type":"content","content":"mark"}"#, &[]),
    wish(&["verbosity"], r#""verbosity":"low""#, &[]),
    wish(&["prompt_cache_key"], r#""prompt_cache_key":"mark-key""#, &["mark-key"]),
    wish(&["web_search_options"], r#""web_search_options":{"search_context_size":"low"}"#, &[]),
    wish(&["brand_new"], r#""brand_new":{"a":"mark-new"}"#, &["mark-new"]),
    wish(
        &["response_format"],
        r#""response_format":{"type":"json_schema","json_schema":{"name":"n","schema":
            {"type":"object","properties":{"mark_property":{"type":"string"}}}}}"#,
        &["mark_property"],
    ),
    wish(&["response_format"], r#""response_format":{"type":"json_object"}"#, &[]),
];

/// Wishes about a tool, beside the tool itself.
pub(super) const CHOICES: &[Wish] = &[
    wish(&["tool_choice"], r#""tool_choice":"required""#, &[]),
    wish(&["tool_choice"], r#""tool_choice":"none""#, &[]),
    wish(
        &["tool_choice"],
        r#""tool_choice":{"type":"function","function":{"name":"mark_tool"}}"#,
        &["mark_tool"],
    ),
    wish(&["parallel_tool_calls"], r#""parallel_tool_calls":false"#, &[]),
];

/// The request with the tool alone.
pub(super) fn with_tool() -> String {
    format!("{PLAIN},{TOOL}")
}

/// What the tool leaves.
pub(super) const TOOL_MARKS: &[&str] = &["mark_tool", "mark-description", "mark_property"];

/// Whole conversations: each is carried with all its marks, or refused by the place that cannot be.
pub(super) const CONVERSATIONS: &[Wish] = &[
    wish(
        &["messages"],
        r#""messages":[{"role":"user","content":"mark-one"},{"role":"system","content":"mark-two"},
            {"role":"user","content":[{"type":"text","text":"mark-three"},
            {"type":"text","text":"mark\u002dfour\n"}]}]"#,
        &["mark-one", "mark-two", "mark-three"],
    ),
    wish(
        &["messages"],
        r#""messages":[{"role":"developer","content":[{"type":"text","text":"mark-one"}]},
            {"role":"user","content":"hi"},{"role":"assistant","content":"mark-two"},
            {"role":"user","content":"mark-three"}]"#,
        &["mark-one", "mark-two", "mark-three"],
    ),
    wish(
        &["messages"],
        r#""messages":[{"role":"user","content":[{"type":"image_url","image_url":
            {"url":"data:image/png;base64,bWFyaw=="}}]}]"#,
        &["bWFyaw==", "png"],
    ),
    wish(
        &["messages"],
        r#""messages":[{"role":"user","content":[{"type":"image_url","image_url":
            {"url":"https://mark.example/a.png"}}]}]"#,
        &["https://mark.example/a.png"],
    ),
    wish(
        &["messages"],
        r#""messages":[{"role":"user","content":[{"type":"text","text":"read"},{"type":"file",
            "file":{"filename":"mark.pdf","file_data":"data:application/pdf;base64,bWFyaw=="}}]}]"#,
        &["bWFyaw=="],
    ),
    wish(
        &["messages"],
        r#""messages":[{"role":"user","content":[{"type":"input_audio","input_audio":
            {"data":"bWFyaw==","format":"wav"}}]}]"#,
        &["bWFyaw=="],
    ),
    wish(
        &["messages"],
        r#""messages":[{"role":"user","content":[{"type":"brand_new","x":"mark-new"}]}]"#,
        &["mark-new"],
    ),
    wish(
        &["messages"],
        r#""messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,
            "tool_calls":[{"id":"call_1","type":"function","function":{"name":"mark_tool",
            "arguments":"{\"mark_property\":\"mark-one\"}"}},{"id":"call_2","type":"function",
            "function":{"name":"mark_tool","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"call_1","content":"mark-two"},
            {"role":"tool","tool_call_id":"call_2","content":[{"type":"text","text":"mark-three"}]},
            {"role":"user","content":"mark-four"}]"#,
        &["mark_tool", "mark_property", "mark-one", "mark-two", "mark-three", "mark-four"],
    ),
    wish(
        &["messages"],
        r#""messages":[{"role":"user","content":"hi","name":"mark-name"}]"#,
        &["mark-name"],
    ),
];
