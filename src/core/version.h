/* cli/version.h - the version, named once */
#ifndef LEM_CLI_VERSION_H
#define LEM_CLI_VERSION_H
#define LEMMA_VERSION "0.1.0"
#endif
