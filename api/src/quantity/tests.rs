use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

#[test]
fn quantities_are_read_and_printed_as_upstream_does() {
    for (text, printed, value, milli) in [
        ("100m", "100m", 1, 100),
        ("0.1", "100m", 1, 100),
        ("1.5Gi", "1536Mi", 1_610_612_736, 1_610_612_736_000),
        ("1024", "1024", 1024, 1_024_000),
        ("1024Ki", "1Mi", 1_048_576, 1_048_576_000),
        ("1e3", "1e3", 1000, 1_000_000),
        ("12E-3", "12E-3", 1, 12),
        ("-", "0", 0, 0),
        ("m", "0", 0, 0),
        // Upstream prints these as they came.
        ("+1", "+1", 1, 1000),
        ("001", "001", 1, 1000),
        ("1.500", "1.500", 2, 1500),
        ("1.G", "1.G", 1_000_000_000, 1_000_000_000_000),
        ("0.0000000001", "1n", 1, 1),
        ("-0.0000000001", "-1n", -1, -1),
        (
            "9223372036854775808",
            "9223372036854775808",
            i64::MAX,
            i64::MAX,
        ),
        (
            "99999999999999999999Ei",
            "9223372036854775807",
            i64::MAX,
            i64::MAX,
        ),
        ("1000k", "1M", 1_000_000, 1_000_000_000),
        ("0.5Mi", "512Ki", 524_288, 524_288_000),
        (".5", "500m", 1, 500),
        ("-.5", "-500m", -1, -500),
        ("1E", "1E", 1_000_000_000_000_000_000, i64::MAX),
        ("0Ki", "0", 0, 0),
        // There is no suffix for it, and upstream prints none.
        ("1000000000000000000000", "1", i64::MAX, i64::MAX),
        ("1.1Ki", "1126400m", 1127, 1_126_400),
        ("0.001Ki", "1024m", 2, 1024),
        ("10e1", "100", 100, 100_000),
        ("1e-10", "1e-9", 1, 1),
    ] {
        let quantity = parsed(text);
        assert_eq!(quantity.to_string(), printed, "{text}");
        assert_eq!(quantity.value(), value, "{text}");
        assert_eq!(quantity.milli_value(), milli, "{text}");
    }
}

#[test]
fn what_is_none_is_told() {
    for (text, error) in [
        ("", QuantityError::Format),
        ("x", QuantityError::Format),
        ("1.2.3", QuantityError::Format),
        ("1 ", QuantityError::Format),
        ("1Mi1", QuantityError::Suffix),
        ("1e", QuantityError::Suffix),
        ("1i", QuantityError::Suffix),
        ("1e99999999999", QuantityError::Suffix),
        ("e-10", QuantityError::Numeric),
    ] {
        assert_eq!(Quantity::parse(text).unwrap_err(), error, "{text}");
    }
    let long = "1".repeat(20_000);
    assert_eq!(Quantity::parse(&long).unwrap_err(), QuantityError::Numeric);
}

#[test]
fn sums_keep_the_form_of_the_first_that_is_something() {
    let sum = |a: &str, b: &str| {
        let mut sum = parsed(a);
        sum.add(&parsed(b));
        sum.to_string()
    };
    assert_eq!(sum("1Gi", "512Mi"), "1536Mi");
    assert_eq!(sum("0", "1Gi"), "1Gi");
    assert_eq!(sum("1", "1Ki"), "1025");
    assert_eq!(sum("900m", "100m"), "1");
    assert_eq!(sum("9223372036854775807", "1"), "9223372036854775808");
    let mut rest = parsed("1Gi");
    rest.sub(&parsed("1Ki"));
    assert_eq!(rest.to_string(), "1048575Ki");
    rest.sub(&parsed("2Gi"));
    assert!(rest.sign().is_lt());
}

#[test]
fn equal_amounts_in_different_forms_are_equal() {
    assert_eq!(parsed("1Ki"), parsed("1024"));
    assert_eq!(parsed("1000m"), parsed("1"));
    assert!(parsed("1e20") > parsed("99999999999999999999"));
    assert!(parsed("-1n") < Quantity::default());
    assert!(parsed("1e10000") > parsed("1e-10000"));
    assert_eq!(parsed("2k").as_i64(), Some(2000));
    assert_eq!(parsed("1500m").as_i64(), None);
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in "\\PC{0,20}") {
        let _ = Quantity::parse(&text);
    }

    #[test]
    fn what_is_printed_is_read(text in "[+-]?[0-9]{0,25}(\\.[0-9]{0,12})?(n|u|m|k|M|G|Ki|Mi|Gi|e[0-9]{1,2})?") {
        if let Ok(quantity) = Quantity::parse(&text) {
            let printed = quantity.to_string();
            let again = Quantity::parse(&printed).unwrap();
            // Beyond the greatest suffix, upstream prints what it does not read again.
            if quantity.value().unsigned_abs() < 1_000_000_000_000_000_000 {
                prop_assert_eq!(&again, &quantity, "{} {}", text, printed);
            }
        }
    }

    #[test]
    fn sums_can_be_undone(a in any::<i32>(), b in any::<i64>(), scale in 0_usize..4) {
        let suffix = ["", "m", "Ki", "e-3"][scale];
        let (a, b) = (parsed(&format!("{a}{suffix}")), parsed(&b.to_string()));
        let mut sum = a.clone();
        sum.add(&b);
        sum.sub(&b);
        prop_assert_eq!(sum, a);
    }
}
