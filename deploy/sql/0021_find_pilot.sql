-- An agency's person cannot register a plan: what to do about a pilot that is not there depends on who asks.

CREATE OR REPLACE FUNCTION registry.find_pilot(pilot_name text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_evaluator boolean := pg_has_role(session_user, 'pilot_evaluator', 'MEMBER');
    found_pilot bigint;
BEGIN
    SELECT p.pilot INTO found_pilot FROM registry.pilots p
        WHERE p.name = pilot_name
          AND (is_evaluator OR p.pilot IN (SELECT registry.own_pilot_ids()));
    IF found_pilot IS NULL THEN
        RAISE EXCEPTION '%', format(CASE WHEN is_evaluator
            THEN 'there is no pilot "%s"; register its plan first (pilot register PLAN.yaml)'
            ELSE 'there is no pilot "%s" that this login has a part in; ask its evaluators for their grant' END,
            left(pilot_name, 100)) USING ERRCODE = 'PL001';
    END IF;
    RETURN found_pilot;
END $$;
