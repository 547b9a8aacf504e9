//! Sets of fields that were made when a list or an object was not yet taken as a whole.

use super::atom::Place;
use super::errors::Errors;
use super::validate::invalid;
use crate::apply::element::{Path, PathElement};
use crate::apply::fields::FieldSet;

/// The set in which those own a list or an object as a whole who owned parts of it; none if nothing is to be
/// changed. Who owned the whole of what is now in parts keeps just that.
pub(super) fn reconcile(place: Place<'_>, set: &FieldSet) -> Result<Option<FieldSet>, Errors> {
    let mut walker = Walker {
        path: Path::new(),
        whole: FieldSet::new(),
        errors: Errors::default(),
    };
    walker.walk(place, Some(set), false);
    let Walker { whole, errors, .. } = walker;
    errors.or(())?;
    Ok((!whole.is_empty()).then(|| set.recursive_difference(&whole).union(&whole)))
}

struct Walker {
    path: Path,
    /// The places that have become one value.
    whole: FieldSet,
    errors: Errors,
}

impl Walker {
    /// Goes through the part of the set at a place; `owned` says that it is owned as one.
    fn walk(&mut self, place: Place<'_>, set: Option<&FieldSet>, owned: bool) {
        let atom = place.atom();
        if let Some(map) = atom.map {
            if map.is_deduced() {
                return;
            }
            if !owned && map.atomic {
                if set.is_some() {
                    self.whole.insert(self.path.clone());
                }
                return;
            }
            self.below(set, |element| {
                let below = match element {
                    PathElement::Field(name) => map.value(name),
                    _ => map.others,
                };
                (!below.is_nothing()).then_some(below)
            });
        } else if let (None, Some(list)) = (atom.scalar, atom.list) {
            if !owned && list.atomic() {
                self.whole.insert(self.path.clone());
                return;
            }
            self.below(set, |_| Some(list.item));
        } else if atom.scalar.is_none() {
            invalid(&mut self.errors);
        }
    }

    fn below<'a>(
        &mut self,
        set: Option<&FieldSet>,
        place: impl Fn(&PathElement) -> Option<Place<'a>>,
    ) {
        let Some(set) = set else {
            return;
        };
        let children = set
            .children()
            .filter(|(element, _)| !set.has_member(element));
        let parts = children.map(|(element, below)| (element, Some(below), false));
        let members = set
            .members()
            .map(|element| (element, set.below(element), set.below(element).is_none()));
        for (element, below, owned) in parts.chain(members) {
            if let Some(place) = place(element) {
                self.path.push(element.clone());
                self.walk(place, below, owned);
                self.path.pop();
            }
        }
    }
}
