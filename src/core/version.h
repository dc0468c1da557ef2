/* core/version.h - the version, named once */
#ifndef LEM_CORE_VERSION_H
#define LEM_CORE_VERSION_H
#define LEMMA_VERSION "0.1.0"
#define LEMMA_VERSION_DATE "2026-11-30" /* of its man pages */
#endif
