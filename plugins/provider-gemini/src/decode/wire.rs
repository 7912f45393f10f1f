//! An answer of `generateContent`, and one chunk of `streamGenerateContent`: the same form.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A whole answer or a chunk. What is not named here has no place in an answer to the client.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Chunk<'a> {
    #[serde(borrow)]
    pub(crate) response_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow)]
    pub(crate) prompt_feedback: Option<PromptFeedback<'a>>,
    pub(crate) usage_metadata: Option<UsageMetadata>,
    /// An error in the middle of a stream.
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
}

/// One choice, or its next piece.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Candidate<'a> {
    pub(crate) index: u32,
    #[serde(borrow)]
    pub(crate) content: Option<Content<'a>>,
    #[serde(borrow)]
    pub(crate) finish_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) finish_message: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) logprobs_result: Option<LogprobsResult<'a>>,
    #[serde(borrow)]
    pub(crate) grounding_metadata: Option<GroundingMetadata<'a>>,
    #[serde(borrow)]
    pub(crate) citation_metadata: Option<CitationMetadata<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Content<'a> {
    #[serde(borrow)]
    pub(crate) parts: Option<Vec<Part<'a>>>,
}

/// One part. Exactly one of what it may hold is there, beside the flag and the signature.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Part<'a> {
    #[serde(borrow)]
    pub(crate) text: Option<Cow<'a, str>>,
    pub(crate) thought: bool,
    #[serde(borrow)]
    pub(crate) thought_signature: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) function_call: Option<FunctionCall<'a>>,
    #[serde(borrow)]
    pub(crate) inline_data: Option<Blob<'a>>,
    #[serde(borrow)]
    pub(crate) executable_code: Option<Code<'a>>,
    #[serde(borrow)]
    pub(crate) code_execution_result: Option<CodeResult<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct FunctionCall<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) args: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Blob<'a> {
    #[serde(borrow)]
    pub(crate) mime_type: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) data: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Code<'a> {
    #[serde(borrow)]
    pub(crate) language: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) code: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct CodeResult<'a> {
    #[serde(borrow)]
    pub(crate) output: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PromptFeedback<'a> {
    #[serde(borrow)]
    pub(crate) block_reason: Option<Cow<'a, str>>,
}

/// Figures may be absent, which is 0.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct UsageMetadata {
    pub(crate) prompt_token_count: u64,
    pub(crate) candidates_token_count: u64,
    pub(crate) thoughts_token_count: u64,
    pub(crate) cached_content_token_count: u64,
    pub(crate) tool_use_prompt_token_count: u64,
    pub(crate) prompt_tokens_details: Option<Vec<ModalityCount>>,
    pub(crate) candidates_tokens_details: Option<Vec<ModalityCount>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ModalityCount {
    pub(crate) modality: String,
    pub(crate) token_count: u64,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct LogprobsResult<'a> {
    #[serde(borrow)]
    pub(crate) chosen_candidates: Option<Vec<LogprobsCandidate<'a>>>,
    #[serde(borrow)]
    pub(crate) top_candidates: Option<Vec<TopCandidates<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TopCandidates<'a> {
    #[serde(borrow)]
    pub(crate) candidates: Option<Vec<LogprobsCandidate<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct LogprobsCandidate<'a> {
    #[serde(borrow)]
    pub(crate) token: Cow<'a, str>,
    /// Kept as it is written: it goes to the client as it is.
    #[serde(borrow)]
    pub(crate) log_probability: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct GroundingMetadata<'a> {
    #[serde(borrow)]
    pub(crate) grounding_chunks: Option<Vec<GroundingChunk<'a>>>,
    pub(crate) grounding_supports: Option<Vec<GroundingSupport>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct GroundingChunk<'a> {
    #[serde(borrow, alias = "retrievedContext", alias = "maps")]
    pub(crate) web: Option<GroundingSource<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct GroundingSource<'a> {
    #[serde(borrow)]
    pub(crate) uri: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) title: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct GroundingSupport {
    pub(crate) segment: Option<Segment>,
    pub(crate) grounding_chunk_indices: Option<Vec<usize>>,
}

/// Offsets in bytes of the text.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Segment {
    pub(crate) start_index: u64,
    pub(crate) end_index: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct CitationMetadata<'a> {
    #[serde(borrow, alias = "citationSources")]
    pub(crate) citations: Option<Vec<Citation<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Citation<'a> {
    pub(crate) start_index: u64,
    pub(crate) end_index: u64,
    #[serde(borrow)]
    pub(crate) uri: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) title: Option<Cow<'a, str>>,
}
