use super::*;

#[test]
fn what_is_wrong_is_corrected_and_the_rest_kept() {
    let mut map = json!({
        "metadata": {"name": NAME, "annotations": {"mine": "1"}},
        "data": {"ca.crt": "old", "other": "x"},
    });
    assert!(correct(&mut map, "pem"));
    assert_eq!(map["data"], json!({"ca.crt": "pem"}));
    assert_eq!(map["metadata"]["annotations"]["mine"], "1");
    assert!(is_right(&map, "pem"));
    assert!(!correct(&mut map, "pem"));
    assert!(!is_right(&map, "new"));
}

#[test]
fn a_description_must_be_there_in_any_words() {
    let mut map = json!({
        "metadata": {"annotations": {DESCRIPTION: "my words"}},
        "data": {"ca.crt": "pem"},
    });
    assert!(is_right(&map, "pem"));
    map["metadata"]["annotations"][DESCRIPTION] = json!("");
    assert!(!is_right(&map, "pem"));
    assert!(correct(&mut json!({"metadata": {}}), "pem"));
}
