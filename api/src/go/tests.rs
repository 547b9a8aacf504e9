use serde_json::json;

use super::*;

#[test]
fn numbers_as_go_prints_them() {
    let cases = [
        (0.0, "0", "0"),
        (1.5, "1.5", "1.5"),
        (8080.0, "8080", "8080"),
        (1e6, "1e+06", "1000000"),
        (123_456_789.0, "1.23456789e+08", "123456789"),
        (1e20, "1e+20", "100000000000000000000"),
        (1e21, "1e+21", "1e+21"),
        (1.5e-5, "1.5e-05", "0.000015"),
        (0.0001, "0.0001", "0.0001"),
        (1e-7, "1e-07", "1e-7"),
        (1e-10, "1e-10", "1e-10"),
    ];
    for (float, shown, encoded) in cases {
        assert_eq!(float_plain(float), shown);
        assert_eq!(float_json(float), encoded);
    }
    assert_eq!(json(&json!(u64::MAX)), "18446744073709552000");
}

#[test]
fn trees_as_go_prints_them() {
    let tree = json!({"b": true, "a": [1, null, "x"]});
    assert_eq!(plain(&tree), "map[a:[1 <nil> x] b:true]");
    assert_eq!(
        text(&tree),
        "map[a:[%!s(int64=1) %!s(<nil>) x] b:%!s(bool=true)]"
    );
    let written =
        r#"map[string]interface {}{"a":[]interface {}{1, interface {}(nil), "x"}, "b":true}"#;
    assert_eq!(syntax(&tree), written);
}

#[test]
fn text_in_quotation_marks() {
    assert_eq!(quote("\u{1}\u{7f}\n\""), r#""\x01\x7f\n\"""#);
    let wide = "a\u{a0}\u{200b}é漢\u{e0001}\u{e000}";
    assert_eq!(quote(wide), r#""a\u00a0\u200bé漢\U000e0001\ue000""#);
}

#[test]
fn json_that_may_stand_in_html() {
    assert_eq!(
        json(&json!("<a>&\u{2028}\u{8}")),
        r#""\u003ca\u003e\u0026\u2028\b""#
    );
}
