//! Where a model is found: the region, and the model's id in the path.

use tollgate_neutral::invalid;
use tollgate_sdk::types::Failure;

use crate::bindings::exports::tollgate::policy::translation::{
    AwsScope, CredentialScheme, Deployment, ProviderName,
};

/// The option that names the region.
pub(crate) const REGION: &str = "aws_region_name";

const SERVICE: &str = "bedrock";

/// The names that it answers to. The second is the one of LiteLLM's price table.
const NAMES: [&str; 2] = ["bedrock", "bedrock_converse"];

/// Words before a model's id that say which of Bedrock's interfaces to use.
const INTERFACES: [&str; 2] = ["converse/", "invoke/"];

/// The provider names, with where they are found.
pub(crate) fn names() -> Vec<ProviderName> {
    let named = |name: &str| ProviderName {
        name: name.into(),
        default_base: Some("https://bedrock-runtime.{aws_region_name}.amazonaws.com".into()),
        // A key of Bedrock's own; AWS's keys have variables that the host knows.
        key_variable: Some("AWS_BEARER_TOKEN_BEDROCK".into()),
    };
    NAMES.map(named).to_vec()
}

/// The model's id: of a model, an inference profile or an ARN of either.
pub(crate) fn model(deployment: &Deployment) -> &str {
    let model = deployment.model.as_str();
    INTERFACES.iter().find_map(|word| model.strip_prefix(word)).unwrap_or(model)
}

/// The path of an operation on a model.
pub(crate) fn path(model: &str, operation: &str) -> String {
    let mut path = String::from("/model/");
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
    path.push('/');
    path.push_str(operation);
    path
}

/// What the request is signed for.
///
/// # Errors
///
/// Nothing tells the region.
pub(crate) fn credential(deployment: &Deployment) -> Result<CredentialScheme, Failure> {
    let mut options = deployment.options.iter();
    let option = options.find(|(name, value)| name == REGION && !value.is_empty());
    let region =
        option.map(|(_, region)| region.as_str()).or_else(|| arn_region(model(deployment)));
    let region = region
        .ok_or_else(|| invalid(REGION, &format!("The deployment needs the option `{REGION}`.")))?;
    Ok(CredentialScheme::Sigv4(AwsScope { service: SERVICE.into(), region: region.into() }))
}

/// The region inside `arn:aws:bedrock:REGION:…`.
fn arn_region(model: &str) -> Option<&str> {
    let rest = model.strip_prefix("arn:")?;
    rest.split(':').nth(2).filter(|region| !region.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(model: &str, region: Option<&str>) -> Deployment {
        Deployment {
            id: "one".into(),
            provider: "bedrock".into(),
            model: model.into(),
            mock_response: None,
            options: region.map(|region| (REGION.into(), region.into())).into_iter().collect(),
            drop_params: false,
        }
    }

    #[test]
    fn a_models_id_is_one_segment_whatever_is_in_it() {
        for (id, expected) in [
            ("amazon.nova-lite-v1:0", "/model/amazon.nova-lite-v1%3A0/converse"),
            (
                "arn:aws:bedrock:us-east-1:1:inference-profile/us.a",
                "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.a/converse",
            ),
            ("../x", "/model/..%2Fx/converse"),
        ] {
            assert_eq!(path(id, "converse"), expected);
        }
        assert_eq!(model(&deployment("converse/a.b", None)), "a.b");
        assert_eq!(model(&deployment("a.converse/b", None)), "a.converse/b");
    }

    #[test]
    fn the_region_is_the_options_or_the_arns() {
        let region = |model: &str, option| match credential(&deployment(model, option)) {
            Ok(CredentialScheme::Sigv4(scope)) => Some(scope.region),
            _ => None,
        };
        let arn = "arn:aws:bedrock:eu-west-1:1:inference-profile/x";
        assert_eq!(region("m", Some("us-east-1")).as_deref(), Some("us-east-1"));
        assert_eq!(region(arn, None).as_deref(), Some("eu-west-1"));
        assert_eq!(region(arn, Some("us-east-2")).as_deref(), Some("us-east-2"));
        assert_eq!(region("m", None), None);
        assert_eq!(region("m", Some("")), None);
    }
}
