#include "pilot/row_keys.h"

size_t pilot_row_estimators(const Pilot__Spec *spec)
{
    return spec->n_estimator ? spec->n_estimator : 1;
}

const char *pilot_row_estimator(const Pilot__Spec *spec, size_t index)
{
    return spec->n_estimator ? spec->estimator[index] : "auto";
}

pilot_row_keys_t pilot_row_keys_begin(const Pilot__Spec *spec, size_t subsets)
{
    return (pilot_row_keys_t){.spec = spec, .subsets = subsets};
}

bool pilot_row_keys_next(pilot_row_keys_t *keys, pilot_row_key_t *ret_key)
{
    const Pilot__Spec *spec = keys->spec;
    size_t estimators = pilot_row_estimators(spec);
    size_t arms = spec->n_arm ? spec->n_arm - 1 : 0; /* treatments */
    size_t subsets = keys->subsets + 1;
    if (!arms || keys->next >= spec->n_outcome * subsets * arms * estimators)
        return false;
    size_t rest = keys->next;
    ret_key->ordinal = (uint32_t)keys->next++;
    ret_key->estimator = pilot_row_estimator(spec, rest % estimators);
    rest /= estimators;
    ret_key->arm = rest % arms + 1;
    rest /= arms;
    ret_key->subset = rest % subsets;
    ret_key->outcome = rest / subsets;
    return true;
}
