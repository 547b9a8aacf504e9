use super::*;

fn plain(encoding: Encoding) -> Option<Accepted> {
    Some(Accepted {
        encoding,
        form: Form::Plain,
        pretty: false,
    })
}

#[test]
fn what_kubectl_sends() {
    let header = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
    let accepted = accept(header, true, true).unwrap();
    assert_eq!(
        (accepted.encoding, accepted.form),
        (Encoding::Json, Form::Table("v1"))
    );
    assert_eq!(accept(header, true, false), plain(Encoding::Json));
}

#[test]
fn quality_decides_then_order() {
    let header = "application/json;q=0.5, application/vnd.kubernetes.protobuf";
    assert_eq!(accept(header, true, true), plain(Encoding::Protobuf));
    assert_eq!(accept(header, false, true), plain(Encoding::Json));
    assert_eq!(
        accept("application/yaml,application/json", true, true),
        plain(Encoding::Yaml)
    );
}

#[test]
fn anything_is_json_and_unknown_is_nothing() {
    assert_eq!(accept("", true, true), plain(Encoding::Json));
    assert_eq!(
        accept("text/html,*/*;q=0.8", true, true),
        plain(Encoding::Json)
    );
    assert_eq!(accept("text/html", true, true), None);
}

#[test]
fn metadata_alone() {
    let header =
        "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let accepted = accept(header, true, true).unwrap();
    assert_eq!(
        (accepted.encoding, accepted.form),
        (Encoding::Protobuf, Form::Metadata("v1"))
    );
}
