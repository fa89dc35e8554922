#include "manual.h"

#include <string.h>

void pilot_manual_print(const char *commands, FILE *out)
{
    fputs(".TH PILOT 1 \"\" \"pilot " PILOT_VERSION "\" \"Pilot\"\n"
          ".SH NAME\n"
          "pilot \\- evaluate randomized pilots: effects by agency, and their comparison\n"
          ".SH SYNOPSIS\n"
          ".B pilot\n.I COMMAND\n.RI [ ARGUMENT ]...\n.RI [ OPTION ]...\n"
          ".SH DESCRIPTION\n"
          "Evaluates randomized pilots across agencies from a pre-analysis plan (YAML) and outcome "
          "data (CSV).\n"
          "Without a server, a private PostgreSQL cluster is kept under \\fB\\-\\-dir\\fR.\n"
          "Options come from the command line, the environment, the file of \\fB\\-\\-config\\fR "
          "(or $PILOT_CONFIG), or their defaults, in this order.\n"
          ".SH COMMANDS\n",
          out);
    fputs(commands, out);
    fputs(".SH EXIT STATUS\n"
          ".TP\n0\ndone\n"
          ".TP\n1\nthe analysis ended with failed jobs\n"
          ".TP\n2\nusage error, unreadable file, invalid plan\n"
          ".TP\n3\ndata rejected\n"
          ".TP\n4\ndatabase or coordinator unreachable or unfit\n"
          ".TP\n130\ninterrupted; what is stored stays\n"
          ".TP\n70\na bug\n"
          ".SH SEE ALSO\n"
          ".BR pilot\\-coordinator (1),\n.BR pilot\\-worker (1)\n",
          out);
}

void pilot_completion_print(const char *commands, FILE *out)
{
    fputs("# bash completion for pilot, written by `pilot help --completion`\n"
          "_pilot()\n{\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words=\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        words='--help --version",
          out);
    for (const char *line = commands; *line; line += strcspn(line, "\n") + 1) {
        fputc(' ', out);
        fwrite(line, 1, strcspn(line, " \n"), out);
    }
    fputs("'\n    elif [[ $current == -* ]]; then\n        case $command in\n", out);
    for (const char *line = commands; *line; line += strcspn(line, "\n") + 1) {
        size_t name = strcspn(line, " \n"), all = strcspn(line, "\n");
        fputs("        ", out);
        fwrite(line, 1, name, out);
        fputs(") words='", out);
        fwrite(line + name, 1, all - name, out);
        fputs("' ;;\n", out);
    }
    fputs("        esac\n"
          "    fi\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
          "}\n"
          "complete -o default -F _pilot pilot\n",
          out);
}
