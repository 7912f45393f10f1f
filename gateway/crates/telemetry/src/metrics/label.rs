//! The labels and all the values that they can have.

use tollgate_domain::FailureKind;

/// A label whose values are known when the program is built.
pub(super) trait Label: Copy + PartialEq + 'static {
    /// Its name.
    const NAME: &'static str;
    /// Its values.
    const ALL: &'static [Self];

    /// The value as it is written.
    fn value(self) -> &'static str;
}

/// One metric for each value of a label, found without a look-up by name.
pub(super) struct PerLabel<L, M>(Vec<(L, M)>);

impl<L: Label, M> PerLabel<L, M> {
    pub(super) fn build(make: impl Fn(L) -> M) -> Self {
        Self(L::ALL.iter().map(|label| (*label, make(*label))).collect())
    }

    /// The metric of a value; every value has one, so the option is never empty.
    pub(super) fn get(&self, label: L) -> Option<&M> {
        self.0.iter().find(|(known, _)| *known == label).map(|(_, metric)| metric)
    }
}

macro_rules! labels {
    ($(
        $(#[$doc:meta])*
        $type:ident as $name:literal { $($(#[$value_doc:meta])* $value:ident = $text:literal,)+ }
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type { $($(#[$value_doc])* $value,)+ }

        impl Label for $type {
            const NAME: &'static str = $name;
            const ALL: &'static [Self] = &[$(Self::$value,)+];

            fn value(self) -> &'static str {
                self.name()
            }
        }

        impl $type {
            /// The name in metrics and logs.
            pub fn name(self) -> &'static str {
                match self { $(Self::$value => $text,)+ }
            }
        }
    )+};
}

labels! {
    /// The class of an HTTP status.
    StatusClass as "status" {
        /// 100 to 199, or no status at all.
        None = "none",
        /// 200 to 299.
        Success = "2xx",
        /// 300 to 399.
        Redirect = "3xx",
        /// 400 to 499.
        Client = "4xx",
        /// 500 to 599.
        Server = "5xx",
    }

    /// Which part of the gateway answered.
    Surface as "surface" {
        /// A model route.
        Model = "model",
        /// The management API.
        Admin = "admin",
        /// Health and metrics.
        Health = "health",
        /// A route to an upstream of the edge.
        Upstream = "upstream",
        /// No route.
        Unrouted = "unrouted",
    }

    /// Why a call was refused.
    DenialKind as "kind" {
        /// No key, or not a valid one.
        Authentication = "authentication",
        /// The key may not do this, or not with this model.
        Permission = "permission",
        /// A budget is spent.
        Budget = "budget",
        /// A rate limit was reached.
        RateLimit = "rate_limit",
        /// The request is not valid.
        InvalidRequest = "invalid_request",
        /// There is no such model.
        UnknownModel = "unknown_model",
        /// A plugin failed, and a call that cannot be judged is refused.
        PluginFailed = "plugin_failed",
        /// The gateway has no room for more, or is draining.
        Overloaded = "overloaded",
        /// What is needed to judge it, such as the store, cannot be reached.
        Unavailable = "unavailable",
        /// A class that a plugin made up.
        Other = "other",
    }

    /// How an attempt at a provider failed.
    UpstreamError as "kind" {
        /// No connection.
        Connect = "connect",
        /// No answer in time.
        Timeout = "timeout",
        /// The connection broke during the answer.
        Broken = "broken",
        /// The answer is larger than allowed.
        TooLarge = "too_large",
        /// The request was not valid for the provider.
        InvalidRequest = "invalid_request",
        /// It refused the gateway's credential.
        Authentication = "authentication",
        /// The credential may not do this.
        Permission = "permission",
        /// No such model or resource.
        NotFound = "not_found",
        /// The input does not fit.
        ContextWindow = "context_window",
        /// Its content policy refused.
        ContentPolicy = "content_policy",
        /// It asks for fewer requests.
        RateLimited = "rate_limited",
        /// It failed or is overloaded.
        Unavailable = "unavailable",
        /// Its answer cannot be understood.
        Malformed = "malformed",
    }

    /// What a plugin does.
    Role as "role" {
        /// Says who calls.
        Authenticator = "authenticator",
        /// Says whether a call may be made.
        Limiter = "limiter",
        /// Speaks a provider's dialect.
        Provider = "provider",
        /// Says what a call cost.
        Meter = "meter",
        /// Inspects or changes a call.
        Filter = "filter",
    }

    /// How a plugin's call ended.
    PluginOutcome as "outcome" {
        /// It gave a value.
        Value = "value",
        /// It refused, as its contract allows.
        Refused = "refused",
        /// It trapped.
        Trapped = "trapped",
        /// It went over a limit of time or memory.
        Exceeded = "exceeded",
        /// The host could not run it.
        Failed = "failed",
    }

    /// Which tokens.
    TokenKind as "kind" {
        /// All input.
        Input = "input",
        /// All output.
        Output = "output",
        /// Input from the provider's cache.
        CachedInput = "cached_input",
        /// Input into the provider's cache.
        CacheWrite = "cache_write",
        /// Output spent on reasoning.
        Reasoning = "reasoning",
    }
}

impl StatusClass {
    /// The class of a status.
    pub fn of(status: u16) -> Self {
        match status / 100 {
            2 => Self::Success,
            3 => Self::Redirect,
            4 => Self::Client,
            5 => Self::Server,
            _ => Self::None,
        }
    }
}

impl DenialKind {
    /// The class of a refusal's `kind` and status, as a component wrote them. A kind that is not
    /// known is classed by the status alone, so that no component makes a new label.
    pub fn of(kind: &str, status: u16) -> Self {
        match kind {
            "auth_error" | "authentication_error" | "token_not_found_in_db" | "expired_key" => {
                Self::Authentication
            }
            "key_model_access_denied" | "team_model_access_denied" | "permission_error" => {
                Self::Permission
            }
            "budget_exceeded" => Self::Budget,
            "throttling_error" | "rate_limit_error" => Self::RateLimit,
            "invalid_request_error" | "bad_request_error" => Self::InvalidRequest,
            _ => match status {
                401 => Self::Authentication,
                403 => Self::Permission,
                429 => Self::RateLimit,
                400 | 413 | 422 => Self::InvalidRequest,
                503 => Self::Unavailable,
                _ => Self::Other,
            },
        }
    }
}

impl From<FailureKind> for UpstreamError {
    fn from(kind: FailureKind) -> Self {
        match kind {
            FailureKind::InvalidRequest => Self::InvalidRequest,
            FailureKind::Authentication => Self::Authentication,
            FailureKind::Permission => Self::Permission,
            FailureKind::NotFound => Self::NotFound,
            FailureKind::ContextWindow => Self::ContextWindow,
            FailureKind::ContentPolicy => Self::ContentPolicy,
            FailureKind::RateLimited => Self::RateLimited,
            FailureKind::Unavailable => Self::Unavailable,
            FailureKind::Malformed => Self::Malformed,
        }
    }
}

/// [`tollgate_domain::Ending`] as a label.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct EndingLabel(pub(super) tollgate_domain::Ending);

impl Label for EndingLabel {
    const NAME: &'static str = "ending";
    const ALL: &'static [Self] = &[
        Self(tollgate_domain::Ending::Success),
        Self(tollgate_domain::Ending::Failure),
        Self(tollgate_domain::Ending::Interrupted),
    ];

    fn value(self) -> &'static str {
        self.0.name()
    }
}
