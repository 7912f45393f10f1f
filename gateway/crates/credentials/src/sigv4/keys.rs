//! Where static AWS keys come from: a deployment's own, else the process's environment.

use std::fmt;

use tollgate_config::Secret;

/// Static AWS keys, with a session token if they are temporary.
#[derive(Clone)]
pub struct AwsKeys {
    id: String,
    secret: Secret,
    session_token: Option<Secret>,
}

/// Why there are no keys. Names settings, never their values.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum AwsKeysError {
    /// A pair of settings has one half only.
    #[error("`{present}` is set, but `{missing}` is not")]
    Half {
        /// The setting that is there.
        present: &'static str,
        /// The one that belongs to it.
        missing: &'static str,
    },
    /// Neither the deployment nor the environment has any.
    #[error(
        "no AWS keys: set `aws_access_key_id` and `aws_secret_access_key` of the deployment, or \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment"
    )]
    Absent,
}

/// The names of one place's settings.
struct Names {
    id: &'static str,
    secret: &'static str,
    session_token: &'static str,
}

const OF_DEPLOYMENT: Names = Names {
    id: "aws_access_key_id",
    secret: "aws_secret_access_key",
    session_token: "aws_session_token",
};

const OF_ENVIRONMENT: Names = Names {
    id: "AWS_ACCESS_KEY_ID",
    secret: "AWS_SECRET_ACCESS_KEY",
    session_token: "AWS_SESSION_TOKEN",
};

// === impl AwsKeys ===

impl AwsKeys {
    /// Finds the keys of a deployment. `settings` gives members of its `litellm_params`,
    /// `environment` variables. Keys are never joined from both places. Empty values count as
    /// absent.
    ///
    /// # Errors
    ///
    /// See [`AwsKeysError`].
    pub fn find(
        settings: &dyn Fn(&str) -> Option<String>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, AwsKeysError> {
        match Self::of(&OF_DEPLOYMENT, settings)? {
            Some(keys) => Ok(keys),
            None => Self::of(&OF_ENVIRONMENT, environment)?.ok_or(AwsKeysError::Absent),
        }
    }

    fn of(
        names: &Names,
        value: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, AwsKeysError> {
        let value = |name| value(name).filter(|text| !text.trim().is_empty());
        match (value(names.id), value(names.secret)) {
            (Some(id), Some(secret)) => Ok(Some(Self {
                id: id.trim().to_owned(),
                secret: Secret::new(secret.trim()),
                session_token: value(names.session_token).map(|token| Secret::new(token.trim())),
            })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(AwsKeysError::Half { present: names.id, missing: names.secret }),
            (None, Some(_)) => Err(AwsKeysError::Half { present: names.secret, missing: names.id }),
        }
    }

    /// The access key's id: it is sent in clear with each request, and is no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn secret(&self) -> &str {
        self.secret.expose()
    }

    pub(crate) fn session_token(&self) -> Option<&str> {
        self.session_token.as_ref().map(Secret::expose)
    }
}

impl fmt::Debug for AwsKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsKeys").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(settings: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<AwsKeys, String> {
        let lookup = |table: &[(&str, &str)], name: &str| {
            table.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        AwsKeys::find(&|name| lookup(settings, name), &|name| lookup(environment, name))
            .map_err(|error| error.to_string())
    }

    const ENVIRONMENT: [(&str, &str); 3] = [
        ("AWS_ACCESS_KEY_ID", "env-id"),
        ("AWS_SECRET_ACCESS_KEY", "env-secret"),
        ("AWS_SESSION_TOKEN", "env-token"),
    ];

    #[test]
    fn a_deployments_own_keys_come_first_and_take_nothing_from_the_environment() {
        let own = [("aws_access_key_id", " own-id\n"), ("aws_secret_access_key", "own-secret")];
        let keys = find(&own, &ENVIRONMENT).unwrap();
        assert_eq!((keys.id(), keys.secret()), ("own-id", "own-secret"));
        assert_eq!(keys.session_token(), None);
        let keys = find(&[("aws_access_key_id", " ")], &ENVIRONMENT).unwrap();
        assert_eq!((keys.id(), keys.session_token()), ("env-id", Some("env-token")));
    }

    #[test]
    fn half_a_pair_is_a_mistake_that_names_the_other_half() {
        let error = find(&[("aws_access_key_id", "id")], &ENVIRONMENT).unwrap_err();
        assert_eq!(error, "`aws_access_key_id` is set, but `aws_secret_access_key` is not");
        let error = find(&[], &[("AWS_SECRET_ACCESS_KEY", "hush")]).unwrap_err();
        assert_eq!(error, "`AWS_SECRET_ACCESS_KEY` is set, but `AWS_ACCESS_KEY_ID` is not");
        assert!(find(&[], &[]).unwrap_err().starts_with("no AWS keys"));
    }

    #[test]
    fn secrets_are_not_printed() {
        let shown = format!("{:?}", find(&[], &ENVIRONMENT).unwrap());
        assert!(shown.contains("env-id"), "{shown}");
        assert!(!shown.contains("env-secret") && !shown.contains("env-token"), "{shown}");
    }
}
