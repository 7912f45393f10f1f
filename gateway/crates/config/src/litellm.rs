//! LiteLLM's keys that have no effect here, by section. Naming them keeps an operator's file valid
//! while a slip of the pen in any other key is still a mistake.

use crate::section::{Fate, Known};

const LATER: &str = "not honoured yet";
const NOTHING: &str = "has no meaning here";

const fn later(keys: &'static [&'static str]) -> Known {
    ignored(LATER, keys)
}

const fn nothing(keys: &'static [&'static str]) -> Known {
    ignored(NOTHING, keys)
}

const fn ignored(reason: &'static str, keys: &'static [&'static str]) -> Known {
    Known { fate: Fate::Ignored, reason, keys }
}

/// The top of the file.
pub(crate) const TOP: &[Known] = &[
    ignored("not honoured yet: no guardrail is applied", &["guardrails"]),
    later(&[
        "mcp_servers",
        "mcp_tools",
        "credential_list",
        "search_tools",
        "vector_store_registry",
        "callback_settings",
        "prompts",
        "finetune_settings",
        "files_settings",
    ]),
    ignored("not honoured yet; put the content of these files into this one", &["include"]),
    ignored("has no meaning here; keys are made with /key/generate", &["virtual_keys"]),
    Known {
        fate: Fate::Refused,
        reason: "not supported yet",
        keys: &["store", "telemetry", "admin"],
    },
];

/// A row of `model_list`.
pub(crate) const ROW: &[Known] = &[nothing(&["litellm_provider"])];

/// `litellm_params`.
pub(crate) const PARAMS: &[Known] = &[
    later(&[
        "itpm",
        "otpm",
        "tags",
        "tag_regex",
        "max_budget",
        "budget_duration",
        "litellm_credential_name",
        "additional_drop_params",
        "allowed_openai_params",
        "extra_headers",
        "headers",
        "extra_body",
        "extra_query",
        "use_in_pass_through",
        "merge_reasoning_content_in_choices",
        "configurable_clientside_auth_params",
        "guardrails",
        "input_cost_per_*",
        "output_cost_per_*",
        "cache_read_*",
        "cache_creation_*",
        "aws_*",
        "vertex_*",
        "azure_*",
        "watsonx_*",
        "tenant_id",
        "client_id",
        "client_secret",
    ]),
    ignored(
        "not honoured yet; clients set it in their requests",
        &[
            "temperature",
            "top_p",
            "top_k",
            "n",
            "stop",
            "seed",
            "max_tokens",
            "max_completion_tokens",
            "presence_penalty",
            "frequency_penalty",
            "logit_bias",
            "logprobs",
            "top_logprobs",
            "response_format",
            "reasoning_effort",
            "thinking",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "modalities",
            "user",
            "stream",
            "stream_options",
            "service_tier",
            "metadata",
            "dimensions",
            "encoding_format",
        ],
    ),
    nothing(&["mock_timeout", "mock_tool_calls", "ssl_verify", "rpm_limit_type", "tpm_limit_type"]),
];

/// `model_info`.
pub(crate) const INFO: &[Known] = &[
    later(&[
        "access_groups",
        "health_check_*",
        "supports_*",
        "supported_*",
        "team_id",
        "team_public_model_name",
        "max_tokens",
        "max_input_tokens",
        "input_cost_per_*",
        "output_cost_per_*",
        "cache_read_*",
        "cache_creation_*",
        "litellm_provider",
        "tier",
        "version",
    ]),
    nothing(&["description", "db_model", "created_at", "updated_at", "created_by", "updated_by"]),
];

/// `router_settings`.
pub(crate) const ROUTER: &[Known] = &[
    later(&[
        "routing_strategy_args",
        "enable_pre_call_checks",
        "enable_tag_filtering",
        "tag_filtering_match_any",
        "provider_budget_config",
        "default_litellm_params",
        "cache_responses",
        "caching_groups",
        "client_ttl",
        "redis_*",
    ]),
    ignored(
        "has no meaning here; `rpm`, `tpm` and `max_parallel_requests` are always kept",
        &["optional_pre_call_checks"],
    ),
    nothing(&["set_verbose", "debug_level", "alerting_config"]),
];

/// `litellm_settings`.
pub(crate) const LITELLM: &[Known] = &[
    ignored("has no meaning here; `logging.log_level` sets it", &["set_verbose"]),
    later(&[
        "modify_params",
        "cache",
        "cache_params",
        "num_retries_per_request",
        "callbacks",
        "success_callback",
        "failure_callback",
        "service_callback*",
        "max_budget",
        "budget_duration",
        "max_internal_user_budget",
        "internal_user_budget_duration",
        "max_end_user_budget",
        "default_internal_user_params",
        "default_team_*",
        "upperbound_key_generate_params",
        "default_key_generate_params",
        "turn_off_message_logging",
        "redact_*",
        "budget_exceeded_status_code",
        "enable_json_schema_validation",
        "public_model_groups*",
        "guardrails",
        "ssl_*",
        "custom_provider_map",
        "tag_budget_config",
        "langfuse_*",
        "prometheus_*",
        "s3_callback_params",
        "forward_traceparent_to_llm_provider",
        "model_alias_map",
        "priority_reservation*",
        "key_generation_settings",
        "force_ipv4",
        "json_logs",
    ]),
    nothing(&["telemetry", "add_function_to_prompt", "disable_copilot_system_to_assistant"]),
];

/// `general_settings`.
pub(crate) const GENERAL: &[Known] = &[
    ignored("has no meaning here; `logging.log_level` sets it", &["debug", "detailed_debug"]),
    ignored("has no effect in this section; it belongs to `litellm_settings`", &["drop_params"]),
    ignored(
        "has no meaning here; one gateway counts in its own process",
        &["redis_url", "redis_*", "cache_ttl"],
    ),
    ignored(
        "not honoured; `limits.streams` sets it",
        &["max_parallel_requests", "global_max_parallel_requests"],
    ),
    ignored("not honoured; `limits.body_bytes` sets it", &["max_request_size_mb"]),
    ignored("not honoured; `limits.answer_bytes` sets it", &["max_response_size_mb"]),
    ignored(
        "not honoured; `plugins.authenticator` takes its place",
        &["custom_auth*", "custom_key_generate"],
    ),
    later(&[
        "store_model_in_db",
        "store_prompts_in_spend_logs",
        "disable_spend_logs",
        "disable_error_logs",
        "disable_adding_master_key_hash_to_db",
        "maximum_spend_logs_*",
        "max_spend_logs_*",
        "enable_jwt_auth",
        "litellm_jwtauth",
        "litellm_key_header_name",
        "pass_through_endpoints",
        "alerting*",
        "alert_*",
        "spend_report_frequency",
        "health_check_details",
        "health_check_concurrency",
        "ui_access_mode",
        "allowed_routes",
        "public_routes",
        "admin_only_routes",
        "allowed_ips",
        "enforce_user_param",
        "enforced_params",
        "enable_oauth2_auth",
        "enable_oauth2_proxy_auth",
        "allow_user_auth",
        "encryption_algorithm",
        "key_management_*",
        "use_x_forwarded_for",
        "user_header_name",
        "user_header_mappings",
        "user_api_key_cache_ttl",
        "infer_model_from_keys",
        "forward_client_headers_to_llm_api",
        "forward_openai_org_id",
        "service_account_settings",
        "image_generation_model",
        "completion_model",
        "default_team_disabled",
        "role_permissions",
        "supported_db_objects",
        "allow_requests_on_db_unavailable",
    ]),
    nothing(&[
        "database_type",
        "database_args",
        "database_connection_pool_limit",
        "database_connection_timeout",
        "database_*",
        "proxy_batch_write_at",
        "proxy_budget_rescheduler_*",
        "use_redis_transaction_buffer",
        "coordination_redis",
        "cancel_on_disconnect",
        "fail_closed_budget_enforcement",
        "fail_closed_rate_limit_enforcement",
        "disable_reset_budget",
        "disable_master_key_return",
        "disable_retry_on_max_parallel_request_limit_error",
        "control_plane_url",
        "use_client_credentials_pass_through_routes",
    ]),
];

/// `logging`, which is not LiteLLM's but stands in files that people have.
pub(crate) const LOGGING: &[Known] = &[nothing(&["type", "log_dir"])];
