use super::*;

fn answer() -> TlsAnswer {
    TlsAnswer { certificate: vec![1, 2, 3], private_key: vec![4, 5, 6] }
}

#[test]
fn answers_stand_while_their_order_lives() {
    let challenges = Challenges::new();
    let edge = challenges.clone();
    let presented = challenges.present_http("token", "token.thumb".to_owned()).unwrap();
    assert_eq!(edge.http_answer("token").as_deref(), Some("token.thumb"));
    assert_eq!(edge.http_answer("other"), None);
    assert!(edge.tls_answer("token").is_none());
    drop(presented);
    assert_eq!(edge.http_answer("token"), None);
}

#[test]
fn a_server_name_is_found_in_any_case_and_no_key_is_shown() {
    let challenges = Challenges::new();
    let presented = challenges.present_tls("a.example", answer()).unwrap();
    assert_eq!(challenges.tls_answer("A.Example").as_deref(), Some(&answer()));
    assert!(!format!("{challenges:?}{:?}{presented:?}", answer()).contains('4'));
}

#[test]
fn another_process_on_the_folder_answers_too() {
    let folder = tempfile::tempdir().unwrap();
    let one = Challenges::shared(folder.path()).unwrap();
    let other = Challenges::shared(folder.path()).unwrap();
    let http = one.present_http("token", "token.thumb".to_owned()).unwrap();
    let tls = one.present_tls("a.example", answer()).unwrap();
    assert_eq!(other.http_answer("token").as_deref(), Some("token.thumb"));
    assert_eq!(other.tls_answer("A.Example").as_deref(), Some(&answer()));
    drop((http, tls));
    assert_eq!(other.http_answer("token"), None);
    assert!(other.tls_answer("a.example").is_none());
}

#[test]
fn there_is_an_end_to_answers() {
    let challenges = Challenges::new();
    let present = |number: usize| challenges.present_http(&number.to_string(), String::new());
    let presented: Vec<_> = (0..ANSWERS_MAX).filter_map(present).collect();
    assert_eq!(presented.len(), ANSWERS_MAX);
    assert!(present(ANSWERS_MAX).is_none());
}
